"""The command ./landslide: it brings a whole system up, shows it, tests it, takes it down."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this package is part of."""

STATE = ROOT / ".landslide"
"""What the command keeps between runs; git ignores it."""
