"""Curves as SVG that needs nothing but itself: no script, no network."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from msgspec import Struct

Points = Sequence[tuple[float, float]]  # (how far to the right, value)
Ticks = Sequence[tuple[float, str]]  # (share of the width, what is written there)

WIDTH, HEIGHT = 920, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 12, 26
COLOURS = ("#0b62a4", "#d1491b", "#2f8f46", "#7b4fa6", "#8a8a8a")
STEPS = (1, 2, 2.5, 5, 10)
FEW = 6  # points of a curve that are dots, too
STYLE = """\
svg text { font: 11px system-ui, sans-serif; fill: #666 }
.grid { stroke: #e3e3e3 }
.mark { stroke: #c62828; stroke-dasharray: 4 3 }
"""


class Canvas(NamedTuple):
    """How large a chart is, its labels included; what is drawn stays inside."""

    width: float = WIDTH
    height: float = HEIGHT

    def x(self, share: float) -> float:
        """Where so much of the way to the right is."""
        return round(LEFT + (self.width - LEFT - RIGHT) * min(1.0, share), 1)

    def y(self, share: float) -> float:
        """Where so much of the way up is."""
        return round(self.height - BOTTOM - (self.height - TOP - BOTTOM) * share, 1)


class Mark(Struct, frozen=True):
    """A vertical line: something was done then."""

    at: float
    what: str


def chart(title: str, unit: str, curves: Mapping[str, Points], seconds: float, marks: Sequence[Mark] = ()) -> str:
    """A figure with its curves, an axis of seconds, and a legend."""
    colours = named(curves)
    legend = " ".join(f'<span><b style="background:{colour}"></b>{escape(name)}</span>' for name, colour in colours)
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small> {legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{plot(Canvas(), curves, seconds, _seconds(seconds), marks)}</svg></figure>"
    )


def named(curves: Mapping[str, Points]) -> list[tuple[str, str]]:
    """Each curve's name and its colour."""
    return list(zip(curves, COLOURS * len(curves), strict=False))


def plot(canvas: Canvas, curves: Mapping[str, Points], end: float, ticks: Ticks, marks: Sequence[Mark] = ()) -> str:
    """What stands inside an `<svg>`: grid, axes, marks and curves, from 0 to `end` and from 0 up."""
    top = _ceiling(max((value for points in curves.values() for _, value in points), default=0.0))
    marked = "".join(_mark(canvas, mark, _share(mark.at, end)) for mark in marks)
    drawn = (
        _curve([(canvas.x(_share(at, end)), canvas.y(value / top)) for at, value in curves[name]], colour)
        for name, colour in named(curves)
    )
    return f"{_grid(canvas, top)}{_ticks(canvas, ticks)}{marked}{''.join(drawn)}"


def _share(at: float, end: float) -> float:
    return at / end if end else 0.0


def _ceiling(value: float) -> float:
    """The next round number."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (*STEPS, 20) if step * power >= value)


def _curve(places: Points, colour: str) -> str:
    if not places:
        return ""
    path = " ".join(f"{x},{y}" for x, y in places)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    dots = places if len(places) <= FEW else ()
    return line + "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in dots)


def _grid(canvas: Canvas, top: float) -> str:
    lines = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = canvas.y(share)
        lines.append(f'<line x1="{LEFT}" x2="{canvas.width - RIGHT}" y1="{y}" y2="{y}" class="grid"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{top * share:,g}</text>')
    return "".join(lines)


def _seconds(seconds: float) -> Ticks:
    return [(share, f"{seconds * share:.0f} s") for share in (0, 0.25, 0.5, 0.75, 1)]


def _ticks(canvas: Canvas, ticks: Ticks) -> str:
    anchors = {0.0: "start", 1.0: "end"}
    placed = ((canvas.x(share), anchors.get(share, "middle"), text) for share, text in ticks)
    y = canvas.height - 8
    return "".join(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>' for x, anchor, text in placed)


def _mark(canvas: Canvas, mark: Mark, share: float) -> str:
    x = canvas.x(share)
    line = f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{canvas.height - BOTTOM}" class="mark"/>'
    return f"<g>{line}<title>{escape(mark.what)}</title></g>"
