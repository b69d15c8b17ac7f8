"""./landslide state"""

import os
import sys
from pathlib import Path

import click

from . import bundle
from .errors import Problem
from .inventory import Inventory, inventory_options
from .report import run_steps

VARIABLE = "LANDSLIDE_PASSPHRASE"
# ansible-vault makes guessing slow, but not slow enough for a short one.
SHORTEST = 16

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File that holds the passphrase. Default: {VARIABLE}, else a prompt.",
)


@click.group()
def state() -> None:
    """Copy the cluster's secrets to another controller."""


@state.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@inventory_options
def export(inventory: Inventory, file: Path, passphrase_file: Path | None) -> None:
    """Write the secrets and authorities of this controller to FILE, encrypted.

    docs/keys.md says how FILE is opened without Landslide.
    """
    directory = directory_of(inventory)
    files = bundle.read(directory)
    if not files:
        raise Problem(f"There is nothing to export in {directory}: no run has set it up.")
    if file.exists():
        raise Problem(f"{file} exists and is not overwritten.")
    passphrase = _passphrase(passphrase_file, new=True)
    try:
        bundle.write(file, bundle.pack(files, passphrase))
    except OSError as error:
        raise Problem(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"{len(files)} files of {directory} are in {file}, encrypted.")


@state.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@passphrase_option
@inventory_options
def import_(inventory: Inventory, file: Path, passphrase_file: Path | None) -> None:
    """Take the secrets and authorities in FILE into this controller.

    What is here already is never overwritten.
    """
    directory = directory_of(inventory)
    files = bundle.unpack(file.read_bytes(), _passphrase(passphrase_file, new=False))
    if bundle.place(files, directory):
        click.echo(f"{len(files)} files are in {directory}.")
    else:
        click.echo(f"{directory} is up to date.")


def directory_of(inventory: Inventory) -> Path:
    """Return the state directory of an inventory."""
    outcome = run_steps("state_directory", inventory, "Nothing was changed.")
    return Path(outcome.data["state_directory"])


def _passphrase(file: Path | None, new: bool) -> str:
    if file:
        passphrase = file.read_text().strip()
    elif VARIABLE in os.environ:
        passphrase = os.environ[VARIABLE].strip()
    elif sys.stdin.isatty():
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new)
    else:
        raise Problem(f"No passphrase: give --passphrase-file, or set {VARIABLE}.")
    if new and len(passphrase) < SHORTEST:
        raise Problem(f"The passphrase needs at least {SHORTEST} characters.")
    return passphrase
