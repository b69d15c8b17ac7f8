"""The report of a run: one HTML page that needs nothing else."""

from itertools import chain
from pathlib import Path
from typing import Any

import pygal
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from pygal.style import Style

from .series import Series

INK, FAINT = "#24292f", "#d0d7de"
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground=INK,
    foreground_strong=INK,
    foreground_subtle=FAINT,
    guide_stroke_color=FAINT,
    guide_stroke_dasharray="none",
    major_guide_stroke_color=FAINT,
    major_guide_stroke_dasharray="none",
    colors=("#1864ab", "#d9480f", "#868e96"),
    font_family="system-ui, sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    title_font_size=15,
    tooltip_font_size=12,
    opacity="1",
    stroke_opacity="1",
)
LABELS = 10


def template(package: str) -> Template:
    """The template of a package's report, templates/report.html."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def plot(
    title: str, unit: str, lines: dict[str, Any], faults: list[dict[str, Any]] | None = None
) -> Markup:
    """Draw lines over the seconds of a run, as SVG to stand in a page; shaded where a fault was."""
    seconds = max(map(len, lines.values()))
    chart = pygal.Line(
        title=title,
        x_title="seconds since the first vote",
        y_title=unit,
        style=STYLE,
        width=900,
        height=320,
        # Its scripts would be fetched from elsewhere.
        js=[],
        explicit_size=False,
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(lines),
        show_legend=len(lines) > 1 or bool(faults),
        show_dots=seconds < 3,
        stroke_style={"width": 2},
        x_labels=list(range(seconds)),
        x_labels_major_every=max(1, -(-seconds // LABELS)),
        show_minor_x_labels=False,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    for name, values in lines.items():
        chart.add(name, values)
    if faults:
        top = max(filter(None, chain(*lines.values())), default=1)
        shade = [
            top
            if any(fault["from"] < second + 1 and second < fault["to"] for fault in faults)
            else 0
            for second in range(seconds)
        ]
        chart.add("a fault", shade, fill=True, stroke=False)
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))


MEANINGS = {
    "sent": "votes, by voters made for this run",
    "acknowledged": "had a receipt",
    "refused": "were told that they were not counted",
    "in_doubt": "had no answer",
    "voters": "have a vote that counts",
    "extra": "were stored without a receipt: in doubt, refused, or sent twice by the load balancer",
    "lost": "had a receipt, and are not in the ledger",
    "doubled": "votes too many of one voter, or of one receipt",
    "ghosts": "are in the ledger, and nobody sent them",
    "stale": "voters for whom something older counts than their last receipt",
}
"""The numbers of a verdict, and what they are."""


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
            {"waiting": series.backlog},
            figures["faults"],
        ),
        plot(
            "Lag, from casting a ballot to the transaction that counts it",
            "milliseconds",
            {f"{share} %": values for share, values in series.lag.items()},
        ),
    ]
    page = template("landslide_cli.load").render(
        plots=plots, clean=clean, meanings=MEANINGS, figures=figures, **figures
    )
    path.write_text(page, encoding="utf-8")
