"""Entry point: python -m landslide_cli."""

import signal

import click
from landslide_tools.chaos.command import chaos
from landslide_tools.load.command import load

from .down import down
from .hosts import hosts
from .poll import close, open_
from .retire import retire
from .rotate import rotate
from .run_playbook import run_playbook
from .state import state
from .status import status
from .test import test
from .up import up

SECTIONS = {
    "Commands": (up, status, open_, close, retire, rotate, state, hosts, run_playbook, down),
    "To test Landslide itself": (load, chaos, test),
}
"""The commands in the order in which they are needed."""


class Sections(click.Group):
    """A group whose help lists the commands by section."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command; none is cut short."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (str(command.name), command.get_short_help_str(limit=1000))
                        for command in commands
                    ]
                )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Install and operate Landslide, the poll that survives a Super Bowl ad.

    Start with "./landslide up": it needs nothing but this machine.
    """
    # Ended by another program, it stops as cleanly as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


for commands in SECTIONS.values():
    for command in commands:
        main.add_command(command)

if __name__ == "__main__":
    main(prog_name="./landslide")
