"""The load profile as options of ./landslide load and chaos."""

from collections.abc import Callable

import click

from .order import SKEW_MILLISECONDS

Command = Callable[..., None]
SHARES = {
    "changed": "Share of the votes by voters who have voted before.",
    "abandon": "Share of the votes that are abandoned before they are answered.",
    "in_flight": "Share of the votes that are changed before they are answered.",
    "fresh": "Share of the votes on new connections.",
    "https": "Share of the votes by HTTPS. Always 1 where the site is HTTPS only.",
}


def profile_options(**defaults: float) -> Callable[[Command], Command]:
    """Give a command an option for each of the SHARES, with these defaults, and --skew."""

    def decorate(command: Command) -> Command:
        command = click.option(
            "--skew",
            type=click.FloatRange(1, 60_000),
            default=SKEW_MILLISECONDS,
            help="Milliseconds within which the order of two votes is uncertain.",
        )(command)
        for name, meaning in reversed(SHARES.items()):
            command = click.option(
                f"--{name.replace('_', '-')}",
                type=click.FloatRange(0, 1),
                default=defaults[name],
                help=meaning,
            )(command)
        return command

    return decorate
