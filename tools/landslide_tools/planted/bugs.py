"""Bugs, planted one at a time into a copy of the project, where its tests have to find them."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from landslide_cli import ROOT

# What the tests of an app need, and what they share with those of the project itself.
COPIED = ("apps", "cli", "tools", "conftest.py", "pyproject.toml")
SHARED = (".cache",)
SECONDS = 300


class Bug(NamedTuple):
    """A change of a file, whose path is from the root on; and `only`, the faults that show it."""

    name: str
    file: str
    right: str
    wrong: str
    only: str = ""


# Those that more than one judge is shown.
CAST_BY_THE_FRONTEND = Bug(
    "cast by the frontend's clock",
    "apps/frontend/frontend/vote_handler.py",
    "        cast = max(received, voter.last + 1)\n",
    '        cast = max(__import__("time").time_ns() // 1000, voter.last + 1)\n',
    only="clock of frontend01",
)
COOKIE_BY_SCHEME = Bug(
    "a cookie by scheme",
    "apps/frontend/frontend/router.py",
    "                return await route(Request(environ))\n",
    """                response = await route(Request(environ))
                https = environ.get("HTTP_X_FORWARDED_PROTO") == "https"
                secure = {"Set-Cookie": "; Secure" if https else ""}
                headers = [(name, value + secure.get(name, "")) for name, value in response.headers]
                return Response(response.status, headers, response.body)
""",
    only="kill -9 of worker on",
)
FIGURES_LOWERED = Bug(
    "a queue that reports fewer than before is believed",
    "apps/pg/migrations/versions/0011_entries.py",
    """                shortfall = greatest(shortfall, entries_added - added),
                entries_added = greatest(entries_added, added),
""",
    """                entries_added = added,
""",
)
IDENTITY_UNCHECKED = Bug(
    "a queue's identity is looked at once, and not on every connection",
    "apps/worker/worker/reader.py",
    "            identity = await queue.identity()\n",
    """            identity = getattr(self, "_identity", None) or await queue.identity()
            self._identity = identity
""",
)


def plant(project: Path, bug: Bug) -> None:
    """Change the file in a copy of the project.

    Raises RuntimeError where what is to be changed is not there, or more than once.
    """
    path = project / bug.file
    text = path.read_text()
    if text.count(bug.right) != 1:
        raise RuntimeError(f"{bug.file} has changed: write {bug.name!r} anew")
    path.write_text(text.replace(bug.right, bug.wrong))


@contextmanager
def copy() -> Iterator[Path]:
    """Give a copy of the project with all that its apps' tests need; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        project = Path(place)
        # Postgres does not run as root, and reads its settings there.
        project.chmod(0o755)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, project / name)
        for name in SHARED:
            (ROOT / name).mkdir(exist_ok=True)
            (project / name).symlink_to(ROOT / name)
        yield project


def failed(project: Path, test: str) -> str:
    """Run one test of a copy; return why it failed, nothing where it passed.

    Raises RuntimeError where it could not be run.
    """
    report = project / "report.xml"
    # A test that fails may leave something behind of which the end of the run would complain.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    run = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", *options, f"--junit-xml={report}", test],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    suite = ElementTree.parse(report).getroot() if report.exists() else None
    if suite is None or next(suite.iter("error"), None) is not None:
        raise RuntimeError(f"{test} was not run as it should be:\n{run.stdout}{run.stderr}")
    return "\n".join(why.get("message", "") for why in suite.iter("failure"))
