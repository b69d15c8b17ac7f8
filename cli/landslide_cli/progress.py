"""Shows the steps of a long run: live on a terminal, as plain lines elsewhere."""

import os
import time
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .playbook import Event


class Steps:
    """A line for each step, with the seconds it took; the present one on the last line, live."""

    def __init__(self, console: Console) -> None:
        """Take the console to write to."""
        self._console = console
        live = console.is_terminal and not os.environ.get("NO_COLOR")
        self._live = Live(self, console=console, transient=True) if live else None
        self._spinner = Spinner("dots")
        self._play = self._step = self._task = ""
        self._bar: ProgressBar | None = None
        self._since = self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        """Show how the last step ended."""
        self.end(good=kind is None)
        if self._live:
            self._live.stop()

    @property
    def elapsed(self) -> float:
        """Seconds since the first step began."""
        return time.monotonic() - self._started

    def begin(self, step: str) -> None:
        """Finish the present step and begin `step`, unless that is the present one."""
        if step != self._step:
            self._finish("✓", "green")
            self._step, self._task, self._since = step, "", time.monotonic()
            self._bar = None

    def end(self, good: bool) -> None:
        """Finish the present step, well or not."""
        self._finish("✓" if good else "✗", "green" if good else "red")

    def advance(self, number: int, total: int) -> None:
        """Show how much of the present step is done."""
        self._bar = ProgressBar(total, number, width=30)
        self.note(f"{number:,} of {total:,}")

    def note(self, words: str) -> None:
        """Show where the present step is."""
        self._task = words

    def on_event(self, event: Event) -> None:
        """Follow a run of playbooks: a play is a step once it has a task to run."""
        if event["event"] == "play":
            self._play = event["name"]
        elif event["event"] == "task":
            self.begin(self._play)
            self._task = event["name"]
        elif event["event"] == "retry":
            self._task = event["message"] or self._task

    def _finish(self, mark: str, style: str) -> None:
        if self._step:
            took = f"{time.monotonic() - self._since:6.1f} s"
            line = Text.assemble((mark, style), "  ", (took, "dim"), "  ", self._step)
            self._console.print(line if self._live else line.plain, highlight=False, soft_wrap=True)
            self._step = ""

    def __rich__(self) -> RenderableType:
        """Draw the present step."""
        if not self._step:
            return Text()
        row = Table.grid(padding=(0, 2, 0, 0))
        bar = [self._bar] if self._bar else []
        for _ in range(3 + len(bar)):
            row.add_column(no_wrap=True)
        row.add_column(no_wrap=True, overflow="ellipsis")
        took = Text(f"{time.monotonic() - self._since:6.1f} s", style="dim")
        row.add_row(self._spinner, took, self._step, *bar, Text(self._task, style="dim"))
        return row


class Within:
    """The steps of something that is itself one step: they are noted in its line."""

    def __init__(self, steps: Steps) -> None:
        """Take the steps that it is one of."""
        self._steps = steps
        self.note = self.begin = steps.note

    def advance(self, number: int, total: int) -> None:
        """Note how much is done."""
        self.note(f"{number:,} of {total:,} votes")
