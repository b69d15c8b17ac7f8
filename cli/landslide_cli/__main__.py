"""Entry point: python -m landslide_cli."""

import signal

import click

from .chaos import chaos
from .down import down
from .hosts import hosts
from .load import load
from .poll import close, open_
from .retire import retire
from .rotate import rotate
from .state import state
from .status import status
from .test import test
from .up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Runs Landslide, the poll that survives a Super Bowl ad.

    Start with "./landslide up": it needs nothing but this machine.
    """
    # Ended by another program, it stops as cleanly as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


for command in (up, status, hosts, load, chaos, retire, open_, close, rotate, state, test, down):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="./landslide")
