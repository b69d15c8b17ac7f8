"""The report of a run: one HTML page that needs nothing else."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pygal
from common.pages import templates
from markupsafe import Markup
from pygal.style import Style

from .series import Series

INK, FAINT = "#24292f", "#d0d7de"
LINES = ("#1864ab", "#d9480f", "#868e96")
SHADES = ("#ffd43b", "#b197fc", "#63e6be")
STYLE = {
    "background": "transparent",
    "plot_background": "transparent",
    "foreground": INK,
    "foreground_strong": INK,
    "foreground_subtle": FAINT,
    "guide_stroke_color": FAINT,
    "guide_stroke_dasharray": "none",
    "major_guide_stroke_color": FAINT,
    "major_guide_stroke_dasharray": "none",
    "font_family": "system-ui, sans-serif",
    "label_font_size": 12,
    "major_label_font_size": 12,
    "legend_font_size": 13,
    "title_font_size": 15,
    "tooltip_font_size": 12,
    # Of what is filled: a fault lets another one, and the grid, be seen through it.
    "opacity": ".4",
    "stroke_opacity": "1",
}
LABELS = 10


def plot(
    title: str, unit: str, lines: dict[str, Any], faults: Sequence[dict[str, Any]] = ()
) -> Markup:
    """Draw lines over the seconds of a run, as SVG to stand in a page; shaded where faults were."""
    seconds = max(map(len, lines.values()))
    shades = [SHADES[number % len(SHADES)] for number in range(len(faults))]
    chart = pygal.XY(
        title=title,
        x_title="seconds since the first vote",
        y_title=unit,
        style=Style(**STYLE, colors=(*shades, *LINES)),
        width=900,
        # A line of its own for each in the legend, where names are long.
        height=320 + (20 * (len(faults) + len(lines) - 1) if faults else 0),
        # Its scripts would be fetched from elsewhere.
        js=[],
        explicit_size=False,
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=1 if faults else len(lines),
        show_legend=len(lines) > 1 or bool(faults),
        show_dots=seconds < 3,
        allow_interruptions=True,
        stroke_style={"width": 2},
        xrange=(0, max(1, seconds - 1)),
        x_labels=list(range(0, seconds, max(1, -(-seconds // LABELS)))),
        x_value_formatter=lambda value: f"{value:.0f}",
        value_formatter=lambda value: f"{value:,.0f}",
    )
    top = max(filter(None, chain(*lines.values())), default=1)
    for fault in faults:
        begin, end = (min(fault[when], seconds - 1) for when in ("from", "to"))
        corners = [(begin, 0), (begin, top), (end, top), (end, 0)]
        chart.add(fault["name"], corners, fill=True, show_dots=False, stroke_style={"width": 0})
    for name, values in lines.items():
        chart.add(name, list(enumerate(values)))
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))


MEANINGS = {
    "sent": "votes, by voters made for this run",
    "acknowledged": "had a receipt",
    "refused": "were answered without a receipt",
    "in_doubt": "had no answer",
    "abandoned": "were abandoned by their voters before the answer",
    "asked": "were sent by voters who were asked which choice is to count",
    "voters": "have a vote that counts",
    "extra": "were stored without a receipt of their own, or sent twice by the load balancer",
    "lost": "had a receipt, and are not in the ledger or count for nobody",
    "doubled": "votes too many of one voter, or of one entry",
    "ghosts": "are in the ledger, and nobody sent them",
    "stale": "voters for whom something older counts than their last receipt",
    "ambiguous": "voters for whom a vote counts that overlaps with one that has a receipt",
}
"""The numbers of a verdict, and what they are."""


SHARES = {
    "changed": "by voters who had voted before",
    "abandon": "abandoned",
    "in_flight": "changed before they were answered",
    "fresh": "on connections of their own",
    "https": "by HTTPS",
}
"""Of the votes, what share was what."""


def write(path: Path, figures: dict[str, Any], clean: bool, series: Series) -> None:
    """Write the report of a run, with the figures that figures.json has, to `path`."""
    plots = [
        plot(
            "Rate",
            "answers a second",
            {"acknowledged": series.acknowledged, "anything else": series.other},
            figures["faults"],
        ),
        plot(
            "Latency, from sending a vote to its receipt",
            "milliseconds",
            {f"{share} %": values for share, values in series.latency.items()},
        ),
        plot(
            "Backlog, acknowledged and not in the ledger yet",
            "ballots",
            {"backlog": series.backlog},
            figures["faults"],
        ),
        plot(
            "Lag, from casting a ballot to the transaction that counts it",
            "milliseconds",
            {f"{share} %": values for share, values in series.lag.items()},
        ),
    ]
    template = templates("landslide_tools").get_template("load.html")
    page = template.render(
        plots=plots,
        clean=clean,
        meanings=MEANINGS,
        shares={words: figures[name] for name, words in SHARES.items()},
        figures=figures,
        **figures,
    )
    path.write_text(page, encoding="utf-8")
