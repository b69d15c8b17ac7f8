"""The parts of "./landslide test", which defines them, as nox sessions; and coverage."""

import importlib
import sys

import nox

sys.path.insert(0, "cli")
PARTS = importlib.import_module("landslide_cli.test").PARTS
TESTS = ("apps", "cli", "plugins", "tests", "tools")

# One environment for all, which ./landslide makes from the lock file.
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "repo"]


def add(part: str) -> None:
    """Add a session that runs one part."""

    @nox.session(name=part)
    def run(session: nox.Session) -> None:
        session.run("./landslide", "test", part, external=True)


for part in PARTS:
    add(part)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run all tests without machines, or those at the paths given, and report what they cover."""
    measure = (sys.executable, "-m", "coverage")
    session.run(*measure, "erase")
    session.run(*measure, "run", "-m", "pytest", *(session.posargs or TESTS))
    session.run(*measure, "combine", "--quiet")
    session.run(*measure, "report")
