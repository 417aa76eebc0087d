"""What lies in each warehouse, folded from stock events: part of the state of every model that shows stock; and what
the stock of their components lets have of bundles."""

from collections.abc import Mapping

from shared.documents.shelves import Shelf, Shelves
from shared.documents.stock import Availability
from shared.events.inventory import (
    BundleComponent,
    BundleComposed,
    BundleEvent,
    StockItemEvent,
    StockItemOpened,
    StockThresholdSet,
)


def restocked(shelves: Shelves, event: StockItemEvent) -> dict[str, Shelf]:
    """The shelves of a SKU after a stock event; its figures overwrite, nothing is added up."""
    says = event if isinstance(event, StockItemOpened | StockThresholdSet) else shelves[event.warehouse]
    return {**shelves, event.warehouse: Shelf(event.on_hand, event.reserved, says.low_at)}


def bundled(bundles: Mapping[str, Availability], event: BundleEvent) -> dict[str, Availability]:
    """SKU → what shoppers see of those that are bundles, after an event about one; of nothing it is none any more."""
    left = {sku: seen for sku, seen in bundles.items() if sku != event.sku}
    if isinstance(event, BundleComposed) and not event.components:
        return left
    return {**left, event.sku: event.availability}


def composed(components: Mapping[str, list[BundleComponent]], event: BundleEvent) -> dict[str, list[BundleComponent]]:
    """SKU → what is in those that are bundles, after an event about one."""
    if not isinstance(event, BundleComposed):
        return dict(components)
    left = {sku: parts for sku, parts in components.items() if sku != event.sku}
    return {**left, event.sku: event.components} if event.components else left
