"""The inventory a command works on, and the options that choose and unlock it."""

from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import cached_property, wraps
from io import StringIO
from pathlib import Path
from typing import Any

import click
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from . import ROOT
from .errors import Problem
from .passwords import Password, asked_for, file_options, password_options

LAB_GROUP = "lab"


@dataclass(frozen=True)
class Inventory:
    """An inventory, the variables set beside it, and the passwords that it takes."""

    path: Path
    extra_vars: tuple[str, ...] = ()
    password_files: tuple[str, ...] = ()
    passwords: tuple[Password, ...] = field(default=(), repr=False)

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """The names of the hosts of each group; raises `Problem` if it cannot be read."""
        # Ansible only warns of most mistakes; if they matter, the warnings tell which they are.
        with redirect_stderr(StringIO()) as warnings:
            try:
                manager = InventoryManager(DataLoader(), sources=[str(self.path)])
            except AnsibleError as error:
                raise Problem(f"The inventory {self.path} cannot be read: {error}") from error
        groups: dict[str, list[str]] = manager.get_groups_dict()
        if not groups["all"]:
            raise Problem(
                f"The inventory {self.path} has no hosts that can be read. inventories/example "
                f"shows what it looks like.\n{warnings.getvalue()}"
            )
        return groups

    @property
    def is_lab(self) -> bool:
        """Whether its hosts are nodes that Landslide itself makes on this machine."""
        return bool(self.groups.get(LAB_GROUP))

    @property
    def arguments(self) -> list[str]:
        """What tells Ansible's commands about it."""
        extra = [word for variable in self.extra_vars for word in ("--extra-vars", variable)]
        return ["--inventory", str(self.path), *extra, *self.password_files]


def inventory_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument `inventory`."""

    @wraps(command)
    def with_inventory(
        path: Path,
        extra_vars: tuple[str, ...],
        ask_become_pass: bool,
        become_password_file: Path | None,
        ask_vault_pass: bool,
        vault_password_file: tuple[Path, ...],
        **rest: Any,
    ) -> None:
        files = file_options(become_password_file, vault_password_file)
        asked = asked_for(ask_become_pass, ask_vault_pass)
        command(inventory=Inventory(path, extra_vars, tuple(files), tuple(asked)), **rest)

    extra = click.option(
        "extra_vars",
        "-e",
        "--extra-vars",
        multiple=True,
        metavar="KEY=VALUE",
        help="A variable to set, as for ansible-playbook.",
    )
    return click.option(
        "path",
        "-i",
        "--inventory",
        type=click.Path(exists=True, resolve_path=True, path_type=Path),
        default=ROOT / "inventories" / "lab",
        show_default=False,
        help="The machines to work on. Without it, the lab on this machine.",
    )(extra(password_options(with_inventory)))
