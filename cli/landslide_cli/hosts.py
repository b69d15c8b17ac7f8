"""./landslide hosts"""

import os
import subprocess
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from .confirm import confirm, yes_option
from .errors import Problem
from .inventory import Inventory, inventory_options
from .report import run_steps

FILE = Path("/etc/hosts")
MARK = "# Landslide"


def line_of(site: str, names: list[str]) -> str:
    """Return the line that names the address in `site`; raises `Problem` if it has a name."""
    host = urlsplit(site).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        raise Problem(
            f"The site's address is the name {host}, which needs no line in {FILE}."
        ) from None
    return f"{address} {' '.join(names)} {MARK}"


def without(text: str) -> str:
    """Return the text of a hosts file without the lines that this command has added."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.rstrip().endswith(MARK))


def added(text: str, line: str) -> str:
    """Return the text of a hosts file with `line`, in place of an older one."""
    rest = without(text)
    return f"{rest}{'' if rest.endswith(chr(10)) or not rest else chr(10)}{line}\n"


def write(text: str) -> None:
    """Write the hosts file, in place: in a container it cannot be replaced."""
    if os.access(FILE, os.W_OK):
        FILE.write_text(text)
    elif subprocess.run(
        ["sudo", "tee", FILE], input=text, text=True, stdout=subprocess.DEVNULL, check=False
    ).returncode:
        raise Problem(f"{FILE} was not changed: only root can write it.")


@click.command()
@inventory_options
@click.argument("change", type=click.Choice(["add", "remove"]), required=False)
@yes_option
def hosts(inventory: Inventory, change: str | None, yes: bool) -> None:
    """Show, add or remove the site's names in /etc/hosts.

    CHANGE is add or remove. Without it, the line is shown and nothing is changed.
    """
    console = Console(highlight=False)
    text = FILE.read_text()
    if change == "remove":
        line, new = "", without(text)
    else:
        line = line_of(*_site(inventory))
        console.print(line, soft_wrap=True)
        new = added(text, line)
    if change is None:
        return
    if new == text:
        console.print(f"{FILE} needs no change.", soft_wrap=True)
        return
    what = f"writes this line to {FILE}" if line else f"removes Landslide's line from {FILE}"
    confirm(f"This {what}.", yes)
    write(new)


def _site(inventory: Inventory) -> tuple[str, list[str]]:
    data = run_steps("addresses", inventory, "Fix the problem, then try again.").data
    return data["entrance"], data["names"]
