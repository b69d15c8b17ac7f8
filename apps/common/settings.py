"""Settings from the environment, each with a sentence where it is missing or makes no sense."""

from collections.abc import Mapping
from pathlib import Path


def required(environ: Mapping[str, str], name: str) -> str:
    """A setting that has no default. Raises ValueError."""
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def file(environ: Mapping[str, str], name: str) -> Path:
    """The file that a setting names. Raises ValueError where there is none."""
    path = Path(required(environ, name))
    if not path.is_file():
        raise ValueError(f"{name}: there is no file {path}")
    return path


def positive(environ: Mapping[str, str], name: str, default: str) -> float:
    """A number above zero. Raises ValueError."""
    try:
        value = float(environ.get(name, default))
    except ValueError as error:
        raise ValueError(f"{name} is not a number") from error
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} has to be above zero")
    return value
