"""A page whose prices change by themselves, as it is at this moment."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import structs

from read_side.answers import Answer, Keeping
from read_side.documents import Documents, Found
from read_side.prices.shelf import PriceListShelf
from shared.documents.prices import PriceTimes, ShownPrice
from shared.documents.products import PAGE, PageVariant, ProductPage, times_id
from shared.position import Position
from shared.shown_prices import Lists, shown_prices

MOST = 2000  # pages that are kept made up, each until something may change
KEPT = timedelta(seconds=60)  # the 30 days of a lowered price end that late

_TIMED = b'"timed":true}'  # how such a page ends; all others go out as they lie
_page = msgspec.json.Decoder(ProductPage)
_times = msgspec.json.Decoder(PriceTimes)


_Key = tuple[str, str, str, tuple[tuple[str, datetime], ...]]


class _Made(NamedTuple):
    until: datetime
    answer: Answer[ProductPage]


class Till:
    """Puts prices of now on pages."""

    def __init__(self, documents: Documents, shelf: PriceListShelf) -> None:
        self.documents, self._shelf = documents, shelf
        self._made: OrderedDict[_Key, _Made] = OrderedDict()

    async def answer(
        self, found: Found, product_id: str, channel: str, keeping: Keeping, position: Position | None
    ) -> Answer[ProductPage]:
        """The page as stored, unless its prices depend on the time or on price lists."""
        if not found.body.endswith(_TIMED):
            return Answer.of(found, keeping)
        stored = await self.documents.find(PAGE, times_id(product_id), f"product:{product_id}")
        if stored is None:  # between the page and this look all became plain
            return Answer.of(found, keeping)
        times = _times.decode(stored.body)
        lists, behind = await self._shelf.lists({id_ for each in times.variants for id_ in each.lists}, position)
        stale, now = found.stale or behind, datetime.now(UTC)
        key = (found.etag, stored.etag, channel, tuple((id_, known.steps[-1].at) for id_, known in lists.items()))
        made = self._made.get(key)
        if made is None or made.until <= now:
            page = priced(_page.decode(found.body), times, lists, channel, now)
            made = self._keep(key, _Made(_next(times, lists, now), Answer.made(page, keeping)))
        return structs.replace(made.answer, keeping=keeping, stale=stale)

    def _keep(self, key: "_Key", made: "_Made") -> "_Made":
        self._made[key] = made
        self._made.move_to_end(key)
        if len(self._made) > MOST:
            self._made.popitem(last=False)
        return made


def _next(times: PriceTimes, lists: Lists, now: datetime) -> datetime:
    """Until when the same prices are asked, as far as is known."""
    steps = [step for each in times.variants for several in (each.own, each.lists) for step in several.values()]
    moments = [step.at for several in steps for step in several]
    for known in lists.values():
        terms = known.steps[-1].terms
        moments += [moment for moment in (terms.starts_at, terms.ends_at) if moment] if terms else []
    return min([moment for moment in moments if moment > now] + [now + KEPT])


def priced(page: ProductPage, times: PriceTimes, lists: Lists, channel: str, now: datetime) -> ProductPage:
    """The page with what each variant costs now; variants that the other document doesn't know yet stay as they are."""
    by_sku = {each.sku: each for each in times.variants}
    found: dict[bytes, list[ShownPrice]] = {}  # the variants of a product mostly cost the same

    def now_of(variant: PageVariant) -> PageVariant:
        known = by_sku.get(variant.sku)
        if known is None:
            return variant
        alike = msgspec.json.encode((known.own, known.lists))
        if alike not in found:
            found[alike] = shown_prices(known, lists, channel, now)
        return structs.replace(variant, prices=found[alike])

    return structs.replace(page, variants=[now_of(variant) for variant in page.variants])
