"""Why a page of results may be out of date, as the board tells at the moment of answering. Pure."""

from read_side.documents import BEHIND, PARKED, not_ready
from read_side.search.results import Page
from read_side.watch import Board
from shared.documents.products import SEARCH


def doubt(board: Board, page: Page) -> str | None:
    """`parked` if events of a product on it wait, `behind` while the index is being filled; answers 503 if it may only
    be empty so far."""
    ready, waiting = board.is_ready(SEARCH), board.parked.get(SEARCH)
    if not ready and not page.total.value:
        raise not_ready()
    shown = [*page.items, *(page.rescue.items if page.rescue else ())]
    if waiting and any(f"product:{item.id}" in waiting for item in shown):
        return PARKED
    return None if ready else BEHIND
