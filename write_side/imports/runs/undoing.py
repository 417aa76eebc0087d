"""What becomes of a product when a run is undone: each place that the run changed is as it was before, unless somebody
changed it since. Pure.

A product that the run made is archived, and has no prices, as before; with anything that others changed on it, it stays
as it is: somebody took it over. Undoing twice changes nothing, and neither does what others brought back themselves.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.events.catalog import ProductFacts
from write_side import catalog, pricing
from write_side.catalog import Change, Product
from write_side.errors import Refusal
from write_side.imports.runs import places
from write_side.imports.runs.domain import Became, Decided, Outcome, PlaceChanged, PlaceLeft
from write_side.imports.runs.places import GONE, Places
from write_side.pricing import PricedVariant

_CLAIMS = {"/slug": "slug_taken", "/external_ref": "external_ref_taken"}
_TOGETHER = frozenset({"/images", "/variants"})


class Happened(NamedTuple):
    """An event: whether the run caused it, else who did and when, and what stood where after it."""

    ours: bool
    by: str
    at: datetime
    places: Places


class PriceStory(NamedTuple):
    """What a variant costs, what it cost before the run, and what happened since."""

    priced: PricedVariant
    before: Places
    happened: Sequence[Happened]


class Story(NamedTuple):
    """A product as it stands and as it was before the run (None: it was not there), and what happened since."""

    product: Product
    before: ProductFacts | None
    happened: Sequence[Happened]
    prices: Sequence[PriceStory]

    @property
    def made(self) -> bool:
        """Whether the run made the product."""
        return self.before is None and bool(self.happened) and self.happened[0].ours


Taken = Mapping[str, dict[str, UUID]]  # place → what stands there at some product → which one


class _Verdict(NamedTuple):
    restored: dict[str, Any]  # place → what stood there before
    left: list[PlaceLeft]


def undone(story: Story, taken: Taken, now: datetime) -> Decided:
    """What undoing makes of a product."""
    priced = [(one, _of_prices(one, now)) for one in story.prices]
    left = [place for _, verdict in priced for place in verdict.left]
    if story.made:
        others = [*_changed_since(story), *_priced_since(story, now), *left]
        if others:
            return Decided(Outcome(story.product.id, story.product.facts.slug, "left", left=others))
        facts = catalog.with_status(story.product, "archived")
    else:
        verdict = _of_product(story, taken)
        left = [*verdict.left, *left]
        order = story.before.attributes if story.before else {}
        facts = places.with_places(story.product.facts, verdict.restored, order)
    return _undone(story, facts, [(one, verdict.restored) for one, verdict in priced], left, now)


def _undone(
    story: Story, facts: ProductFacts, priced: Sequence[tuple[PriceStory, Places]], left: list[PlaceLeft], now: datetime
) -> Decided:
    product = story.product
    try:
        event = catalog.revise(product, catalog.checked(facts))
    except Refusal as refusal:  # each part was fine at its time, all of them together are not
        refused = PlaceLeft("", refusal.code, detail=refusal.detail)
        return Decided(Outcome(product.id, product.facts.slug, "left", left=[*left, refused]))
    change = None if event is None else Change(catalog.evolve_product(product, product.version + 1, event), event)
    wanted = [(one.priced, {_currency(at): places.told(old) for at, old in back.items()}) for one, back in priced]
    found = [pricing.own_prices_set(each, prices, now) for each, prices in wanted]
    repriced = [each for each in found if each is not None]
    changes = _told(story, facts, priced, now)
    became: Became = "archived" if story.made and change else "restored" if change or repriced else "unchanged"
    if left:
        became = "partly" if change or repriced else "left"
    return Decided(Outcome(product.id, product.facts.slug, became, changes, left), change, repriced)


def _told(
    story: Story, facts: ProductFacts, priced: Sequence[tuple[PriceStory, Places]], now: datetime
) -> list[PlaceChanged]:
    told = places.changed(places.of_facts(story.product.facts), places.of_facts(facts))
    for one, restored in priced:
        prices = _prices(one.priced, now)
        told += places.changed({at: prices.get(at, GONE) for at in restored}, restored)
    return told


def _of_product(story: Story, taken: Taken) -> _Verdict:
    before = places.of_facts(story.before) if story.before else {}
    now = places.of_facts(story.product.facts)
    verdict = _judged(before, story.happened, now)
    for place, code in _CLAIMS.items():
        wanted = verdict.restored.get(place)
        if wanted and taken.get(place, {}).get(wanted, story.product.id) != story.product.id:
            del verdict.restored[place]
            verdict.left.append(PlaceLeft(place, code, detail=f"another product has {wanted} by now"))
    _keep_together(story, before, now | verdict.restored, verdict)
    return verdict


def _keep_together(story: Story, before: Places, after: Places, verdict: _Verdict) -> None:
    """Variants name their images by number. So both are as before, or both stay: else one shows another's picture."""
    facts = [story.product.facts, *([story.before] if story.before else [])]
    if not any(variant.images for each in facts for variant in each.variants):
        return
    if any(after.get(place, GONE) != before.get(place, GONE) for place in _TOGETHER):
        for place in _TOGETHER & verdict.restored.keys():
            del verdict.restored[place]
            verdict.left.append(_by(place, _last_of_others(story)))


def _of_prices(story: PriceStory, now: datetime) -> _Verdict:
    return _judged(story.before, story.happened, _prices(story.priced, now))


def _prices(priced: PricedVariant, now: datetime) -> Places:
    return places.of_prices(priced.sku, pricing.own_prices(priced, now))


def _currency(place: str) -> str:
    return place.rpartition("/")[2]


def _judged(before: Places, happened: Sequence[Happened], now: Places) -> _Verdict:
    """Of each place that the run changed: what stood there before, or that others changed it since."""
    was: dict[str, Any] = {}  # what stood there when the run came
    landed: dict[str, Any] = {}  # and what it left there
    others: dict[str, Happened] = {}
    for event in happened:
        for place in places.differing(before, event.places):
            if event.ours:
                if place not in was or place in others:
                    was[place] = before.get(place, GONE)
                landed[place] = event.places.get(place, GONE)
                others.pop(place, None)
            elif place in was and event.places.get(place, GONE) == landed[place]:
                others.pop(place, None)  # as the run left it: what came in between was taken back
            elif place in was:
                others[place] = event
        before = event.places
    verdict = _Verdict({}, [])
    for place, old in was.items():
        if now.get(place, GONE) == old:
            continue
        if place in others or now.get(place, GONE) != landed[place]:  # the latter: a price whose time has come just now
            verdict.left.append(_by(place, others.get(place)))
        else:
            verdict.restored[place] = old
    return verdict


def _by(place: str, event: Happened | None) -> PlaceLeft:
    return PlaceLeft(place, "changed_since", event.by if event else "", event.at if event else None)


def _changed_since(story: Story) -> list[PlaceLeft]:
    """Where others changed what the run had made; that it is archived by now is no such thing."""
    landed = [event.places for event in story.happened if event.ours][-1]
    differing = places.differing(landed, places.of_facts(story.product.facts))
    archived = story.product.facts.status == "archived"
    return [_by(at, _last_of_others(story)) for at in differing if not (archived and at == "/status")]


def _priced_since(story: Story, now: datetime) -> list[PlaceLeft]:
    """List prices and prices that are to come: runs set none, so they are the work of others."""
    found = []
    for one in story.prices:
        if one.priced.lists or any(each.starts_at > now for each in one.priced.scheduled):
            others = (event for event in reversed(one.happened) if not event.ours)
            found.append(_by(f"/prices/{one.priced.sku}", next(others, None)))
    return found


def _last_of_others(story: Story) -> Happened | None:
    return next((event for event in reversed(story.happened) if not event.ours), None)
