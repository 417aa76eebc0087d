"""Every benchmark there is, in the order they run: those that need the catalog as it was imported come first."""

from collections.abc import Callable, Iterable

from doorbuster.bench import (
    event_lag,
    history,
    hot_sku,
    import_rows,
    kept_pages,
    kept_searches,
    order_status,
    pipeline,
    place_order,
    product_page,
    rebuild,
    search_facets,
    suggestions,
)
from doorbuster.bench.frame import Result
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options

BENCHES: dict[str, Callable[[Ground, Options], Iterable[Result]]] = {
    "product_page": product_page.run,
    "kept_pages": kept_pages.run,
    "order_status": order_status.run,
    "search_facets": search_facets.run,
    "kept_searches": kept_searches.run,
    "suggestions": suggestions.run,
    "history": history.run,
    "place_order": place_order.run,
    "hot_sku": hot_sku.run,
    "event_lag": event_lag.run,
    "pipeline": pipeline.run,
    "import": import_rows.run,
    "rebuild": rebuild.run,
}
