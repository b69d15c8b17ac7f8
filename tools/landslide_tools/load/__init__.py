"""./landslide load: votes into a lab, and whether each is counted exactly once."""

from .command import load

__all__ = ["load"]
