"""The chart of docs/growth.md, from the lines."""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from doorbuster import charts
from doorbuster.bench.growth import lines
from doorbuster.bench.growth.lines import COLD, Figures, Kind, Size
from doorbuster.bench.growth.tables import ALONE, CROWD, LIMITS, LOAD, NAMES, tables
from doorbuster.charts import Canvas, Points

BEGIN, END = "<!-- figures: written by `doorbuster growth draw` -->", "<!-- end of the figures -->"
SEARCHED = (
    "listing",
    "search",
    "suggestions",
)  # what Elasticsearch answers; the others cost too little to tell when cold
PANEL, HEAD, GAP = Canvas(460, 190), 34, 14

Curves = Mapping[str, Points]


def draw(file: Path, to: Path) -> int:
    """Write `growth.svg`, and the figures into `growth.md`, in this folder; the exit code."""
    sizes = lines.read(file)
    if not sizes:
        print(f"no lines in {file}: `doorbuster growth measure` makes them", file=sys.stderr)
        return 2
    (to / "growth.svg").write_text(chart(sizes))
    page = to / "growth.md"
    page.write_text(with_figures(page.read_text(), tables(sizes)))
    return 0


def with_figures(page: str, told: str) -> str:
    """The page with these figures in place of those that stand there."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{told}{END}{after}"


# --- the chart --------------------------------------------------------------------------------------------------------


def chart(sizes: Sequence[Size]) -> str:
    """An SVG: a row for each kind of question, times beside costs, and a row for stores and filling."""
    shown = list(panels(sizes))
    height = math.ceil(len(shown) / 2) * (HEAD + PANEL.height + GAP)
    ticks = [(_share(size.products, sizes), f"{size.products:,}") for size in sizes]
    drawn = "".join(
        f'<g transform="translate({number % 2 * PANEL.width},{number // 2 * (HEAD + PANEL.height + GAP)})">'
        f"{_title(title, curves)}"
        f'<g transform="translate(0,{HEAD})">{charts.plot(PANEL, curves, 1.0, ticks)}</g></g>'
        for number, (title, curves) in enumerate(shown)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * PANEL.width:.0f} {height:.0f}" role="img" '
        f'aria-label="Growth of the shop">\n<style>{charts.STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{drawn}</svg>\n'
    )


def panels(sizes: Sequence[Size]) -> Iterator[tuple[str, Curves]]:
    """Title and curves of each chart."""
    for name, told in NAMES.items():
        limit = LIMITS.get(name, "")
        waits = {
            "32 clients": _curve(sizes, name, lambda kind: _p95(kind.ours.get(CROWD))),
            "1 client": _curve(sizes, name, lambda kind: _p95(kind.ours.get(ALONE))),
            COLD: _curve(sizes, name, lambda kind: _p95(kind.ours.get(COLD))),
            f"{limit}, 32": _curve(sizes, name, lambda kind: _p95(kind.limit.get(CROWD))),
        }
        costs = {"warm": _curve(sizes, name, lambda kind: _cost(kind.ours.get(CROWD)))}
        if name in SEARCHED:
            own = _curve(sizes, name, lambda kind: _cost(kind.ours.get(CROWD), "elasticsearch"))
            costs |= {"of it Elasticsearch": own, COLD: _curve(sizes, name, lambda kind: _cost(kind.ours.get(COLD)))}
        costs[limit] = _curve(sizes, name, lambda kind: _cost(kind.limit.get(CROWD)))
        yield f"{told}: p95, ms", {name: points for name, points in waits.items() if points}
        yield f"{told}: CPU ms an answer", {name: points for name, points in costs.items() if points}
    yield (
        "Stores: kB a product",
        {
            store: [(_share(s.products, sizes), s.stores[store]["all"] / s.products / 1000) for s in sizes]
            for store in ("elasticsearch", "postgres", "valkey")
        },
    )
    yield (
        "Filling: seconds for 1,000 products",
        {
            "import": [(_share(s.products, sizes), _thousand(s, s.filling.import_seconds)) for s in sizes],
            "projection": [(_share(s.products, sizes), _thousand(s, s.filling.projection_seconds)) for s in sizes],
        },
    )


def _thousand(size: Size, seconds: float) -> float:
    return seconds / size.filling.products * 1000


def _share(products: int, sizes: Sequence[Size]) -> float:
    """How far to the right a size stands: ten times as much is always as far."""
    first, last = sizes[0].products, sizes[-1].products
    return math.log(products / first) / math.log(last / first) if last > first else 0.5


def _curve(sizes: Sequence[Size], name: str, value: Callable[[Kind], float | None]) -> Points:
    found = ((size, value(size.kinds[name])) for size in sizes if name in size.kinds)
    return [(_share(size.products, sizes), each) for size, each in found if each is not None]


def _p95(figures: Figures | None) -> float | None:
    return None if figures is None else figures.p95_ms


def _cost(figures: Figures | None, program: str | None = None) -> float | None:
    """CPU milliseconds of an answer, of all servers or of one; nothing where it had next to no part in it."""
    if figures is None:
        return None
    if program is not None:
        return figures.cpu_ms.get(program)
    return sum(spent for name, spent in figures.cpu_ms.items() if name != LOAD)


def _title(title: str, curves: Curves) -> str:
    legend = "".join(
        f'<tspan dx="8" style="fill:{colour}">● {escape(name)}</tspan>' for name, colour in charts.named(curves)
    )
    left = charts.LEFT
    heading = f'<text x="{left}" y="14" style="font-weight:600;fill:#222">{escape(title)}</text>'
    return f'{heading}<text x="{left - 8}" y="30">{legend}</text>'
