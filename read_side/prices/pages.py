"""A page that changes by itself, as it is at this moment: what it asks, and whether it is there."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import UNSET, structs

from read_side.answers import Answer, Keeping
from read_side.documents import Documents, Found
from read_side.latest import Latest
from read_side.prices.promotions import PromotionShelf
from read_side.prices.shelf import PriceListShelf
from shared.documents.prices import ALWAYS, PriceTimes, ShownPrice, Step, VariantTimes
from shared.documents.products import PAGE, PageVariant, ProductPage, times_id
from shared.position import Position
from shared.publishing import is_open
from shared.shown_prices import Lists, alike, shown_prices
from shared.shown_promotions import NO_PROMOTIONS, Promotions

MOST, MOST_BYTES = 2_000, 32_000_000  # of pages that are kept made up, each until something may change
KEPT = timedelta(seconds=60)  # the 30 days of a lowered price end that late

_TIMED = b'"timed":true}'  # how such a page ends; all others go out as they lie
_page = msgspec.json.Decoder(ProductPage)
_times = msgspec.json.Decoder(PriceTimes)


_Key = tuple[str, str, str, tuple[tuple[str, datetime], ...], str]


class _Made(NamedTuple):
    until: datetime
    answer: Answer[ProductPage] | None  # None: it isn't for sale now


class Till:
    """Puts prices of now on pages."""

    def __init__(self, documents: Documents, shelf: PriceListShelf, promotions: PromotionShelf) -> None:
        self.documents, self._shelf, self._promotions = documents, shelf, promotions
        self._made = Latest[_Key, _Made](MOST, MOST_BYTES)

    async def answer(
        self, found: Found, product_id: str, channel: str, keeping: Keeping, position: Position | None
    ) -> Answer[ProductPage] | None:
        """The page as stored, unless it depends on the time, on price lists or promotions; None: not for sale now."""
        promoted = await self._promotions.known(position)
        stale, now = found.stale or promoted.stale, datetime.now(UTC)
        timed, running = found.body.endswith(_TIMED), promoted.running(now)
        if not timed and not running:
            as_stored: Answer[ProductPage] = Answer.of(found, keeping)
            return as_stored if stale == found.stale else structs.replace(as_stored, stale=stale)
        # None: between the page and this look all became plain.
        key, fresh = f"product:{product_id}", position is not None
        stored = await self.documents.find(PAGE, times_id(product_id), key, fresh=fresh) if timed else None
        times = None if stored is None else _times.decode(stored.body)
        named = {id_ for each in times.variants for id_ in each.lists} if times else set[str]()
        lists, behind = await self._shelf.lists(named, position) if named else ({}, None)
        said = tuple((id_, known.steps[-1].at) for id_, known in lists.items())
        state = (found.etag, stored.etag if stored else "", channel, said, promoted.mark)
        made = self._made.get(state)
        if made is None or made.until <= now:
            page = _page.decode(found.body)
            times = times or _plain_times(page)
            until = changes_at(page, times, lists, promoted.promotions.moments(now), now)
            answer: Answer[ProductPage] | None = None
            if is_open(page.publish_at or None, page.unpublish_at or None, now):
                answer = Answer.made(priced(page, times, lists, channel, now, promoted.promotions), keeping)
            made = _Made(until, answer)
            self._made.keep(state, made, len(answer.body) if answer else 0)
        if made.answer is None:
            return None
        return structs.replace(made.answer, keeping=keeping, stale=stale or behind)

    def sells_as_stored(self, body: bytes) -> bool:
        """Whether a page goes out as it lies, as far as is known without asking anybody."""
        return not body.endswith(_TIMED) and self._promotions.none_runs()

    async def is_unsure(self, now: datetime) -> bool:
        """Whether prices as they lie in a product's document may not be those of now."""
        promoted = await self._promotions.known()
        return bool(promoted.stale) or promoted.running(now)


def _plain_times(page: ProductPage) -> PriceTimes:
    """Of a page whose own prices never changed."""
    return PriceTimes(
        [
            VariantTimes(each.sku, {price.currency: [Step(ALWAYS, price.amount_minor)] for price in each.prices})
            for each in page.variants
        ]
    )


def changes_at(
    page: ProductPage, times: PriceTimes, lists: Lists, promoted: Iterable[datetime], now: datetime
) -> datetime:
    """Until when the same page is shown, as far as is known."""
    steps = [step for each in times.variants for several in (each.own, each.lists) for step in several.values()]
    moments = [*promoted, *(step.at for several in steps for step in several)]
    moments += [moment for moment in (page.publish_at, page.unpublish_at) if moment is not UNSET]
    for known in lists.values():
        terms = known.steps[-1].terms
        moments += [moment for moment in (terms.starts_at, terms.ends_at) if moment] if terms else []
    return min([moment for moment in moments if moment > now] + [now + KEPT])


def priced(
    page: ProductPage, times: PriceTimes, lists: Lists, channel: str, now: datetime,
    promotions: Promotions = NO_PROMOTIONS,
) -> ProductPage:  # fmt: skip
    """The page with what each variant costs now; variants that the other document doesn't know yet stay as they are."""
    by_sku = {each.sku: each for each in times.variants}
    found: dict[bytes, list[ShownPrice]] = {}  # the variants of a product mostly cost the same

    def now_of(variant: PageVariant) -> PageVariant:
        known = by_sku.get(variant.sku)
        if known is None:
            return variant
        key = alike(known, promotions)
        if key not in found:
            found[key] = shown_prices(known, lists, channel, now, promotions)
        return structs.replace(variant, prices=found[key])

    return structs.replace(page, variants=[now_of(variant) for variant in page.variants])
