"""Passwords of sudo and of vaults: asked for once, and handed to Ansible by pipes."""

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

Password = tuple[str, str]
"""An option of ansible-playbook that takes a file, and what is to stand in that file."""

BECOME, VAULT = "--become-password-file", "--vault-password-file"
FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


def password_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command Ansible's own options for passwords, by their own names."""
    options = [
        click.option(
            "-K",
            "--ask-become-pass",
            is_flag=True,
            help="Ask for the sudo password of the machines.",
        ),
        click.option(BECOME, type=FILE, help="A file that holds it."),
        click.option(
            "-J",
            "--ask-vault-pass",
            is_flag=True,
            help="Ask for the vault password of the inventory.",
        ),
        click.option(
            VAULT,
            type=FILE,
            multiple=True,
            help="A file that holds it, or a program that prints it.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def asked_for(become: bool, vault: bool) -> list[Password]:
    """Ask on the terminal for the passwords of sudo and of vaults, before anything is run."""
    asked = []
    if become:
        word = click.prompt("Password of sudo", hide_input=True, err=True)
        asked.append((BECOME, word))
    if vault:
        word = click.prompt("Password of the vaults", hide_input=True, err=True)
        asked.append((VAULT, word))
    return asked


def file_options(become: Path | None, vaults: Iterable[Path]) -> list[str]:
    """Return the options that name files with passwords."""
    files = [(BECOME, become)] if become else []
    files += [(VAULT, path) for path in vaults]
    return [word for option, path in files for word in (option, str(path))]


@contextmanager
def handed_over(passwords: Iterable[Password]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield the options for a child that is to read the passwords, and Popen's arguments for it.

    Neither a process list nor a file system ever holds them.
    """
    options: list[str] = []
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "pass_fds": []}
    with ExitStack() as closing:
        for option, word in passwords:
            reader, writer = os.pipe()
            closing.callback(os.close, reader)
            os.write(writer, word.encode())
            os.close(writer)
            # Ansible looks for the file that a link leads to, and a pipe has none.
            if option == BECOME:
                options += [option, "-"]
                pipes["stdin"] = reader
            else:
                options += [option, f"/dev/fd/{reader}"]
                pipes["pass_fds"].append(reader)
        yield options, pipes
