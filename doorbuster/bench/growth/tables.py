"""The tables of docs/growth.md, from the lines."""

from collections.abc import Iterator, Mapping, Sequence

from doorbuster.bench.growth import lines
from doorbuster.bench.growth.lines import COLD, Kind, Size

NAMES = {
    "product_page": "Product page",
    "order_status": "Order status",
    "listing": "Listing of a category",
    "search": "Search with four facets",
    "suggestions": "Suggestions",
}
LIMITS = {"product_page": "bare ASGI", "order_status": "bare ASGI", "search": "Elasticsearch itself"}
ALONE, CROWD = "1", "32"
WAYS = {COLD: "cold, 1 client", ALONE: "1 client", CROWD: "32 clients"}
LOAD = "load"  # what the generator costs is no cost of an answer
LEAST = 0.03  # of an answer's cost that a process has part in


def tables(sizes: Sequence[Size]) -> str:
    """All of it in Markdown."""
    parts = ["", *_measured(sizes), "", *_filling(sizes), "", *_stores(sizes), ""]
    for name in NAMES:
        parts += _kind(name, sizes)
    return "\n".join([*parts, ""])


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows)]


def _measured(sizes: Sequence[Size]) -> list[str]:
    kinds = [kind for size in sizes for kind in size.kinds.values()]
    busy = [f.others_cores for kind in kinds for f in (*kind.ours.values(), *kind.limit.values())]
    others = f"{min(busy):.2f} to {max(busy):.2f} cores" if busy else "nobody knows how much"
    machines = "; ".join(dict.fromkeys(size.machine for size in sizes))
    rows = [(f"{s.products:,}", s.at, f"{s.rounds} of {s.seconds:g} s", _failed(s)) for s in sizes]
    table = _table(("products", "measured", "rounds", "failed"), rows)
    return [f"Machine: {machines}. Meanwhile {others} of it worked for others.", "", *table]


def _failed(size: Size) -> str:
    told = (f"{NAMES[name]} {WAYS.get(way, '')}".strip() for name, way in lines.failed(size))
    return "; ".join(told)


def _filling(sizes: Sequence[Size]) -> list[str]:
    rows = []
    for size in sizes:
        filling = size.filling
        rate = round(filling.events / filling.projection_seconds) if filling.projection_seconds else 0
        cost = _cost(filling.cpu_ms)
        seconds = (f"{filling.import_seconds:,} s", f"{filling.projection_seconds:,} s ({rate:,} events/s)")
        rows.append((f"{size.products:,}", f"{filling.products:,}", f"{filling.events:,}", *seconds, cost))
    return _table(("products", "added", "events", "import", "projection", "CPU ms a product"), rows)


def _stores(sizes: Sequence[Size]) -> list[str]:
    stores = ("elasticsearch", "valkey", "postgres")
    rows = [(f"{size.products:,}", *(_told(size.stores[store]) for store in stores)) for size in sizes]
    return _table(("products", "Elasticsearch, MB", "Valkey, MB", "Postgres, MB"), rows)


def _told(parts: Mapping[str, int]) -> str:
    """All of it, and what it is made of."""
    of_it = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in parts.items() if name != "all" and size > 1e6)
    return f"{parts['all'] / 1e6:,.0f}" + (f" ({of_it})" if of_it else "")


def _kind(name: str, sizes: Sequence[Size]) -> list[str]:
    rows = [row for size in sizes if name in size.kinds for row in _ways(size.products, name, size.kinds[name])]
    head = ("products", "", "a second", "p50", "p95", "p99", "CPU ms an answer")
    return [f"**{NAMES[name]}**, ms", "", *_table(head, rows), ""] if rows else []


def _ways(products: int, name: str, kind: Kind) -> Iterator[tuple[str, ...]]:
    limit = {ALONE: f"{LIMITS.get(name)}, 1", CROWD: f"{LIMITS.get(name)}, 32"}
    for told, figures in ((WAYS, kind.ours), (limit, kind.limit)):
        for way, f in figures.items():
            cost = _cost({program: spent for program, spent in f.cpu_ms.items() if program != LOAD})
            times = (f"{value:,.3g}" for value in (f.p50_ms, f.p95_ms, f.p99_ms))
            yield (f"{products:,}", told.get(way, way), f"{f.per_second:,.0f}", *times, cost)


def _cost(cpu_ms: Mapping[str, float]) -> str:
    """By process, the dearest first; those that idled beside it are left out."""
    all_of_it = sum(cpu_ms.values())
    told = sorted(cpu_ms.items(), key=lambda spent: -spent[1])
    return ", ".join(f"{name} {spent:.3g}" for name, spent in told if spent >= LEAST * all_of_it)
