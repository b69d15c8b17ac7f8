"""The command ./landslide: the verbs of those who operate a system."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this package is part of."""

STATE = ROOT / ".landslide"
"""What the command keeps between runs; git ignores it."""
