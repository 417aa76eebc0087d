"""How long stock lasts, pure: from what was sold, what lies on the shelves, and what is on the road between them."""

from collections.abc import Sequence

from doorbuster.asking.bodies import Span
from doorbuster.asking.rows import Row


def stock_cover(answers: Sequence[Sequence[Row]], span: Span) -> list[Row]:
    """By days of cover, the shortest first; SKUs that nobody bought are covered for ever and don't stand here. What is
    on the road is told apart: nobody can have it yet."""
    sold, shelves, road = answers
    figures = {row["sku"]: row for row in shelves}
    coming = {row["sku"]: row["in_transit"] for row in road}
    found = []
    for row in sold:
        units = row["ordered"] - row["refunded"] - row["released"]
        here = figures.get(row["sku"])
        if here is None or units <= 0:
            continue
        pace, in_transit = units / span.days, coming.get(row["sku"], 0)
        days, then = (max(0, here["available"] + more) / pace for more in (0, in_transit))
        cover = {"days": round(days, 1), "days_with_road": round(then, 1)}
        found.append({**here, "units": units, "in_transit": in_transit, **cover})
    return sorted(found, key=lambda row: (row["days"], row["sku"]))
