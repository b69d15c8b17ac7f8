"""./landslide chaos: break every part of a lab while people vote, and account for every vote."""

from .command import chaos

__all__ = ["chaos"]
