"""./landslide load: many votes into a lab, and whether each of them was counted once."""

from .command import load

__all__ = ["load"]
