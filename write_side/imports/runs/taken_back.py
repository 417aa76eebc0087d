"""Products that runs made and their undoings archived: a file that names one again means it to be there."""

from collections.abc import Sequence
from uuid import UUID

from write_side import looking_back
from write_side.catalog import Product
from write_side.database import Connection
from write_side.imports.runs import store
from write_side.looking_back import Tail

MOST_ROUNDS = 100  # imports of a product and undoings of them; whoever has more had something else in mind


async def find(conn: Connection, products: Sequence[Product]) -> set[UUID]:
    """Which of these products are what undoings left of them, and nothing else: each run that made or changed one was
    taken back. What staff archived is not among them, nor what they touched since, nor what was archived before a run
    came to it: that is as somebody meant it.

    Walked from the end: an undoing and what it undid are one step, whatever there is before them the next.
    """
    tails = [Tail(each.id, each.version, "", "") for each in products if each.facts.status == "archived"]
    found = set[UUID]()
    for _ in range(MOST_ROUNDS):
        if not tails:
            break
        last = await looking_back.before(conn, "product", tails)
        found |= {each.id for each in tails if each.id not in last}
        undone = await store.undone_by(conn, [by for _, by in last.values()])
        tails = [Tail(id_, version, by, undone[by]) for id_, (version, by) in last.items() if by in undone]
    return found
