"""Curves as SVG that stands in the page itself: no script, no network."""

from collections.abc import Mapping, Sequence
from html import escape

from msgspec import Struct

Points = Sequence[tuple[float, float]]  # (seconds, value)

WIDTH, HEIGHT = 920, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 12, 26
COLOURS = ("#0b62a4", "#d1491b", "#2f8f46", "#7b4fa6", "#8a8a8a")
STEPS = (1, 2, 2.5, 5, 10)


class Mark(Struct, frozen=True):
    """A vertical line: something was done then."""

    at: float
    what: str


def chart(title: str, unit: str, curves: Mapping[str, Points], seconds: float, marks: Sequence[Mark] = ()) -> str:
    """A figure with its curves, an axis of seconds, and a legend."""
    top = _ceiling(max((value for points in curves.values() for _, value in points), default=0.0))
    named = zip(curves.items(), COLOURS * len(curves), strict=False)
    drawn = [(name, colour, _curve(points, seconds, top, colour)) for (name, points), colour in named]
    legend = " ".join(f'<span><b style="background:{colour}"></b>{escape(name)}</span>' for name, colour, _ in drawn)
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small> {legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_grid(top)}{_seconds(seconds)}{''.join(_mark(mark, seconds) for mark in marks)}"
        f"{''.join(curve for _, _, curve in drawn)}</svg></figure>"
    )


def _x(at: float, seconds: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, at / seconds if seconds else 0.0), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _ceiling(value: float) -> float:
    """The next round number."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next(step * power for step in (*STEPS, 20) if step * power >= value)


def _curve(points: Points, seconds: float, top: float, colour: str) -> str:
    if not points:
        return ""
    path = " ".join(f"{_x(at, seconds)},{_y(value, top)}" for at, value in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _grid(top: float) -> str:
    lines = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(top * share, top)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="grid"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{top * share:,g}</text>')
    return "".join(lines)


def _seconds(seconds: float) -> str:
    told = (f"{seconds * share:.0f} s" for share in (0, 0.25, 0.5, 0.75, 1))
    places = zip((0, 0.25, 0.5, 0.75, 1), told, ("start", "middle", "middle", "middle", "end"), strict=True)
    return "".join(
        f'<text x="{_x(share, 1)}" y="{HEIGHT - 8}" text-anchor="{anchor}">{text}</text>'
        for share, text, anchor in places
    )


def _mark(mark: Mark, seconds: float) -> str:
    x = _x(mark.at, seconds)
    line = f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="mark"/>'
    return f"<g>{line}<title>{escape(mark.what)}</title></g>"
