"""What a search is in Elasticsearch's words. Pure: a request in, a body out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from read_side.search.parameters import Between, SearchRequest
from read_side.search.relevance import ALL, CAN_BE_HAD, by_model, pinned, scored
from read_side.search.rules import NOTHING, Applied
from read_side.search.variants import AVAILABLE, any_of, attribute_facet, together
from shared.documents.cards import CARD, FIELDS
from shared.ean import normalized
from shared.publishing import minute_of

Json = dict[str, Any]

BRAND, CATEGORY = "brand", "category"
PRICE = "price"  # the name it is asked for by, beside those of facets
COUNTED = 10_000  # totals are exact up to here
TIMEOUT = "1500ms"
_SKU: tuple[str, Json] = ("skus.typed", {})
_SKU_BEFORE: tuple[str, Json] = ("skus", {"case_insensitive": True})


def listed(now: datetime) -> list[Json]:
    """What shoppers may find at this moment (`shared.publishing`)."""
    minute = minute_of(now).isoformat()
    scheduled = [{"range": {"publish_at": {"gt": minute}}}, {"range": {"unpublish_at": {"lte": minute}}}]
    return [{"term": {"listed": True}}, {"term": {"deleted": False}}, {"bool": {"must_not": scheduled}}]


def whole_shop(now: datetime) -> Json:
    """All that shoppers may find."""
    return {"bool": {"filter": listed(now)}}


def filters(asked: SearchRequest, within: Json | None, now: datetime) -> list[Json]:
    """What holds for hits and for every count alike."""
    narrowed = [clause for name, clause in _narrowed(asked).items() if not asked.counts(name)]
    return [*listed(now), *([] if within is None else [within]), *narrowed]


def _narrowed(asked: SearchRequest) -> dict[str, Json]:
    """What most clients choose from nothing that is counted: then it costs less as a part of the query."""
    found = {PRICE: {"bool": {"filter": bounds}}} if (bounds := list(_bounds(asked))) else {}
    return found | ({AVAILABLE: CAN_BE_HAD} if asked.available else {})


def _bounds(asked: SearchRequest) -> Iterator[Json]:
    if asked.price_min is not None or asked.price_max is not None:
        yield _between(asked, Between(asked.price_min, asked.price_max))
    if asked.price_between:
        yield {"bool": {"should": [_between(asked, each) for each in asked.price_between]}}


def _between(asked: SearchRequest, ends: Between) -> Json:
    bounds = {"gte": ends.low, "lte": ends.high}
    return {"range": {asked.price: {name: bound for name, bound in bounds.items() if bound is not None}}}


def selections(asked: SearchRequest, categories: list[str] | None) -> dict[str, Json]:
    """What was chosen in each facet, by the facet's name."""
    chosen = {name: clause for name, clause in _narrowed(asked).items() if asked.counts(name)}
    if asked.brands:
        chosen[BRAND] = {"terms": {"brand": list(asked.brands)}}
    if categories is not None:
        chosen[CATEGORY] = {"terms": {"category_id": categories}}
    for attribute, values in asked.attributes.items():
        chosen[attribute_facet(attribute)] = any_of(attribute, values)
    return chosen


def query(asked: SearchRequest, common: list[Json], applied: Applied = NOTHING, *, carded: bool = True) -> Json:
    """Words by relevance, within the filters. `carded`: as indices are since the eleventh version."""
    if not asked.text:
        return {"bool": {"filter": common}}
    should = [scored(asked.text, applied), *by_model(asked.text), *exactly(asked.text, carded=carded)]
    if asked.sort == "relevance":  # under another sort there is no first place to give
        should += pinned(applied)
    return {"bool": {"filter": common, "should": should, "minimum_should_match": 1}}


def _shown(asked: SearchRequest, further: Sequence[str], *, carded: bool) -> Json:
    """What hits bring. Where nothing is read of the document itself, it need not be unpacked for its id either."""
    if not carded:
        return {"source": [*FIELDS, f"prices.{asked.currency}", *further]}
    if further:
        return {"docvalue_fields": [CARD], "source": list(further)}
    return {"docvalue_fields": [CARD], "stored_fields": "_none_"}


def exactly(text: str, *, carded: bool) -> list[Json]:
    """Products whose SKU or EAN it is. A scanner reads 12 digits of what is kept with 13."""
    field, how = _SKU if carded else _SKU_BEFORE
    return [_exactly(field, {"value": text, **how}), _exactly("eans", {"value": normalized(text) or text})]


def _exactly(field: str, term: Json) -> Json:
    return {"constant_score": {"filter": {"term": {field: term}}, "boost": 1000, "_name": f"{ALL}/{field}"}}


def counting(aggs: Json, query: Json) -> Json:
    """Counts without hits, of what a query finds."""
    return {
        "query": query,
        "size": 0,
        "track_total_hits": False,
        "timeout": TIMEOUT,
        "aggs": aggs,
    }


# An index of before its fourteenth version has no such field: there it goes by age.
_RELEASED: Json = {"released_at": {"order": "desc", "missing": 0, "unmapped_type": "date"}}


def order(asked: SearchRequest) -> list[Json]:
    """The sort; the product's id makes it total, so that cursors neither repeat nor leave out."""
    newest = asked.sort == "newest" or (asked.sort == "relevance" and not asked.text)
    if newest:
        return [_RELEASED, {"product_id": "desc"}]  # ids sort by time
    sorts: dict[str, Json] = {
        "price_asc": {asked.price: {"order": "asc", "missing": "_last"}},
        "price_desc": {asked.price: {"order": "desc", "missing": "_last"}},
        "name": {"name.sort": "asc"},
    }
    if asked.text:
        sorts["relevance"] = {"_score": "desc"}
    by = sorts.get(asked.sort)
    tie = {"product_id": "asc"}
    return [tie] if by is None else [by, tie]


def body(
    asked: SearchRequest,
    common: list[Json],
    chosen: Mapping[str, Json],
    after: list[Any] | None,
    size: int,
    applied: Applied = NOTHING,
    further: Sequence[str] = (),
    *,
    carded: bool = True,
) -> Json:
    """The search for a page of hits, which show their cards; `further` fields of documents make it slower.

    Selections come after the counting (`post_filter`).
    """
    return {
        "query": query(asked, common, applied, carded=carded),
        "sort": order(asked),
        "size": size,
        **_shown(asked, further, carded=carded),
        "track_total_hits": COUNTED,
        "timeout": TIMEOUT,
        **({"post_filter": {"bool": {"filter": [*chosen.values(), *together(asked)]}}} if chosen else {}),
        **({"search_after": after} if after else {}),
    }
