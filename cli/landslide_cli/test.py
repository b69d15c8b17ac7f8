"""./landslide test"""

import fcntl
import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import yaml

from . import ROOT, STATE, engine, preflight
from .checks import Checks, mark
from .errors import Problem
from .playbook import MITOGEN

# Bare machines first; then each on what those before it have left, which its prepare.yml brings up
# where it runs alone (`shortened`). A test holds this to be all roles.
SCENARIOS = (
    *("lab", "preflight", "clock", "pki", "docker", "firewall", "swarm", "keys", "images"),
    *("registry", "swarm_service", "store", "worker", "frontend", "swarm_api", "interlock"),
    *("smoke", "common"),
)
SHELL_SCRIPTS = "git grep -lE '^#!/(usr/)?bin/(env )?(ba|da)?sh' -- ':!*.py' | xargs shellcheck"
# .pre-commit-config.yaml runs the same; a test holds the two together.
LINTERS = {
    "format": ("ruff", "format", "--check", "."),
    "ruff": ("ruff", "check", "."),
    "types": ("mypy",),
    "shell": ("sh", "-c", SHELL_SCRIPTS),
    "yaml": ("yamllint", "--strict", "."),
    "ansible": ("ansible-lint", "--offline"),
    "aws": ("ansible-playbook", "molecule/aws/lint.yml"),
}
MOLECULE = Path(".config/molecule/config.yml")
# The whole site is run by --check on bare machines in the scenario `aws`; again, and then by
# --check, in `cluster`.
ONCE_FOR_ALL = {"check", "idempotence", "verify ../unchanged.yml"}
MEMORY = STATE / "molecule"
# Not in the checkout: all checkouts share the machine's engine, and the names and ports on it.
LOCK = Path(tempfile.gettempdir()) / "landslide-test.lock"


def lint(checks: Checks) -> None:
    """Judge text."""
    for name, command in LINTERS.items():
        checks.check(f"lint {name}", *command)


def molecule(checks: Checks, name: str, *arguments: str, **environment: str) -> bool:
    """Run Molecule with a memory of its own, so that it skips nothing as done already."""
    command = ["molecule", *arguments, "--no-command-borders", "--no-report"]
    memory = str(MEMORY / name.replace(" ", "-"))
    own = {"MOLECULE_EPHEMERAL_DIRECTORY": memory, "NO_COLOR": "1"}
    return checks.check(name, *command, **own, **environment)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold `lock`, which goes with this process; raises `Problem` where another holds it."""
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem(
                "Another ./landslide test uses the test labs of this machine: wait until it ends."
            ) from error
        yield


def imported(scenario: str, step: str) -> list[str | None]:
    """Return, for each play of a scenario's step, the playbook that it imports, or None."""
    file = ROOT / "molecule" / scenario / f"{step}.yml"
    plays = yaml.safe_load(file.read_text()) if file.exists() else []
    return [play.get("ansible.builtin.import_playbook") for play in plays]


def is_prepared(scenario: str, before: Iterable[str]) -> bool:
    """Return whether the scenarios `before` have run all playbooks that prepare this one."""
    run = {
        playbook
        for name in before
        for step in ("prepare", "converge")
        for playbook in imported(name, step)
        if playbook is not None
    }
    return all(playbook in run for playbook in imported(scenario, "prepare"))


def shortened(scenario: str, before: Iterable[str]) -> Path:
    """Write a configuration of Molecule's for a scenario after others, without what they spare."""
    spared = ONCE_FOR_ALL | ({"prepare"} if is_prepared(scenario, before) else set())
    usual = yaml.safe_load((ROOT / MOLECULE).read_text())["scenario"]["test_sequence"]
    config = {"scenario": {"test_sequence": [step for step in usual if step not in spared]}}
    path = MEMORY / f"{scenario}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def new_lab(checks: Checks) -> Iterator[None]:
    """A lab for scenarios, which is gone afterwards."""
    molecule(checks, "lab cleared", "destroy")
    try:
        if not molecule(checks, "lab created", "create"):
            raise Problem("Without a lab, no scenario can be run.")
        yield
    finally:
        molecule(checks, "lab removed", "destroy")


def on_the_lab(checks: Checks, part: str, *scenarios: str) -> None:
    """Run scenarios, one after the other, by Mitogen, as ./landslide up does."""
    for number, name in enumerate(scenarios):
        configs = (MOLECULE, shortened(name, scenarios[:number]))
        base = [word for path in configs for word in ("--base-config", str(path))]
        options = ["--scenario-name", name, "--no-shared-state", "--destroy", "never"]
        molecule(checks, f"{part} {name}", *base, "test", *options, **MITOGEN)


def elsewhere(checks: Checks, scenario: str, **environment: str) -> None:
    """Run a scenario on machines that it makes by itself, and removes."""
    molecule(checks, scenario, "test", "--scenario-name", scenario, **environment)


def require_world_readable(checkout: Path) -> None:
    """Raises `Problem` where nobody, as whom root's tests run Postgres, cannot read `checkout`."""
    for place in (checkout, *checkout.parents):
        if not place.stat().st_mode & stat.S_IXOTH:
            raise Problem(
                "Postgres does not run as root: root's tests run it as the user nobody, who may "
                f"not enter {place}. Move this checkout elsewhere, or run the tests as another "
                "user with sudo."
            )


# The lanes run side by side, and the parts of a lane one after the other. molecule and cluster have
# the same lab, where cluster finds Docker and the images' layers; aws and vagrant make machines of
# other names, networks and ports. aws comes early: beside cluster, it would take more inotify
# instances than a kernel gives by default.
LANES: tuple[dict[str, Callable[[Checks], object]], ...] = (
    {
        "lint": lint,
        "aws": lambda checks: elsewhere(checks, "aws", **MITOGEN),
        "apps": lambda checks: checks.check("apps", "pytest", "apps", "tools"),
        "repo": lambda checks: checks.check("repo", "pytest", "cli", "plugins", "tests"),
        # All roles as Ansible runs them by itself.
        "vagrant": lambda checks: elsewhere(checks, "vagrant"),
    },
    {
        "molecule": lambda checks: on_the_lab(checks, "molecule", *SCENARIOS),
        "cluster": lambda checks: on_the_lab(checks, "cluster", "cluster"),
    },
)
PARTS = {part: check for lane in LANES for part, check in lane.items()}
ON_LAB = {"molecule", "cluster"}
ON_MACHINES = {*ON_LAB, "vagrant", "aws"}


def run(parts: Mapping[str, Checks]) -> list[str]:
    """Run parts, one after the other; return a line for each."""
    lines = []
    with ExitStack() as lab:
        if of_lab := [checks for part, checks in parts.items() if part in ON_LAB]:
            lab.enter_context(new_lab(of_lab[0]))
        for part, checks in parts.items():
            began = time.monotonic()
            PARTS[part](checks)
            lines.append(f"{mark(not checks.failed)} {time.monotonic() - began:7.1f} s  {part}")
    return lines


def run_side_by_side(parts: Mapping[str, Checks]) -> list[str]:
    """Run the lanes beside each other; return a line for each part."""
    lanes = [{part: parts[part] for part in lane if part in parts} for lane in LANES]
    with ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(run, lane) for lane in lanes]
        try:
            for lane in wait(running, return_when=FIRST_EXCEPTION).done:
                lane.result()
            return [line for lane in running for line in lane.result()]
        except BaseException:
            for checks in parts.values():
                checks.stop()
            raise


def is_path(argument: str) -> bool:
    """Return whether `argument` is a test file, a directory of some, or one test, FILE::NAME."""
    return argument not in PARTS and Path(argument.partition("::")[0]).exists()


@click.command()
@click.argument("what", nargs=-1, metavar="[PART]... | PATH...")
def test(what: tuple[str, ...]) -> None:
    """Run Landslide's own tests: all of them, PARTs, or those at PATHs.

    PART is lint, aws, apps, repo, vagrant, molecule or cluster. PATH is a test file or one of its
    tests, FILE::NAME, which pytest runs with what is installed.

    Tests that need machines run on labs of their own, not on the one of "./landslide up". Two parts
    run at a time.
    """
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if what and all(map(is_path, what)):
        os.execvp("pytest", ["pytest", *what])
    if unknown := [argument for argument in what if argument not in PARTS]:
        raise click.UsageError(
            f"{unknown[0]} is not a part. Give parts ({', '.join(PARTS)}) or paths of tests."
        )
    parts = what or tuple(PARTS)
    if os.getuid() == 0 and "apps" in parts:
        require_world_readable(ROOT)
    # Ended from outside, it tidies up as it does on Ctrl-C. In the background of a script it would
    # ignore SIGINT otherwise, and so would servers that tests stop by it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    logs = STATE / "log" / time.strftime("test-%Y%m%d-%H%M%S")
    checks = {part: Checks(logs) for part in parts}
    with ExitStack() as stack:
        if ON_MACHINES.intersection(parts):
            stack.enter_context(alone(LOCK))
            preflight.check()
            engine.start()
            shutil.rmtree(MEMORY, ignore_errors=True)
        click.echo("\n".join(run_side_by_side(checks)))
    failed = sum(part.failed for part in checks.values())
    click.echo(f"{sum(part.passed for part in checks.values())} passed, {failed} failed")
    if failed:
        raise Problem(f"Logs: {logs}")
