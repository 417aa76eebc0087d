"""Pure decisions: in whatever sequence, what is accepted keeps the rules of its context, and what is refused, nothing.

Carts and orders, whose rules stand in SQL as well, have machines of their own on real Postgres.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.bearer import presented, spelled
from shared.events.access import TokenRevoked
from shared.events.pricing import PriceSet
from shared.money import EXPONENTS
from tests.properties.values import BOUNDED
from write_side.access import domain as access
from write_side.catalog import domain as catalog
from write_side.catalog.domain import DEEPEST, Category, CategoryInput
from write_side.errors import Refusal
from write_side.pricing import domain as pricing
from write_side.pricing.domain import LARGEST, PricedVariant, SetPrice
from write_side.taxes import domain as taxes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from(["Audio", "Video", "audio", "Ölfarben", " ", "A" * 190, "", "Lamps & Light"])
PLACES = st.one_of(st.none(), st.integers(0, 14))
MOVES = st.lists(st.tuples(st.booleans(), st.integers(0, 14), PLACES, NAMES), max_size=30)


@given(MOVES)
@BOUNDED
def test_the_tree_of_categories_stays_a_tree(moves: list[tuple[bool, int, int | None, str]]) -> None:
    tree: dict[UUID, Category] = {}
    for creates, n, parent, name in moves:
        command = CategoryInput(name, parent_id=None if parent is None else UUID(int=parent))
        before = dict(tree)
        try:
            _apply(tree, UUID(int=n), command, creates=creates)
        except Refusal as refusal:
            assert refusal.code
            assert tree == before
        _is_a_tree(tree)


def _apply(tree: dict[UUID, Category], id_: UUID, command: CategoryInput, *, creates: bool) -> None:
    if creates and id_ not in tree:
        created = catalog.create_category(list(tree.values()), command, id_)
        tree[id_] = catalog.evolve_category(None, 1, created)
    elif not creates and id_ in tree:
        revised = catalog.revise_category(list(tree.values()), tree[id_], command)
        if revised is not None:
            tree[id_] = catalog.evolve_category(tree[id_], tree[id_].version + 1, revised)
            assert catalog.revise_category(list(tree.values()), tree[id_], command) is None, "a repeat changes nothing"


def _is_a_tree(tree: dict[UUID, Category]) -> None:
    assert len({category.slug for category in tree.values()}) == len(tree)
    for category in tree.values():
        assert category.name.strip()
        depth, above = 1, category.parent_id
        while above is not None:
            depth, above = depth + 1, tree[above].parent_id
            assert depth <= DEEPEST


CURRENCIES = st.sampled_from(["EUR", "JPY", "XXX", ""])
AMOUNTS = st.one_of(st.integers(-5, 5), st.integers(LARGEST - 2, LARGEST + 2))
PRICES = st.lists(st.tuples(CURRENCIES, st.one_of(st.none(), AMOUNTS)), max_size=12)


@given(PRICES)
@BOUNDED
def test_prices_are_what_was_last_accepted(steps: list[tuple[str, int | None]]) -> None:
    priced: PricedVariant | None = None
    expected: dict[str, int] = {}
    for currency, amount in steps:
        event: Any
        try:
            if amount is None:
                event = pricing.remove_price(priced, currency)
            else:
                event = pricing.set_price(priced, SetPrice(UUID(int=1), UUID(int=2), "lamp", currency, amount))
        except Refusal:
            assert currency not in EXPONENTS or (amount is not None and not 0 <= amount <= LARGEST)
            continue
        after = {k: v for k, v in expected.items() if k != currency}
        after |= {} if amount is None else {currency: amount}
        assert (event is None) == (after == expected), "an event for each change, and for nothing else"
        expected = after
        if event is not None:
            version = 1 if priced is None else priced.version + 1
            priced = pricing.evolve(priced, UUID(int=1), version, event)
            assert isinstance(event, PriceSet) == (amount is not None)
        assert (priced.prices if priced else {}) == expected


RATES = st.dictionaries(st.sampled_from(["standard", "reduced", "books"]), st.integers(0, 1_000_000), min_size=1)
TAXES = st.lists(st.builds(taxes.TaxInput, st.sampled_from(["VAT", "GST", " "]), RATES), max_size=3)
PARTS = st.lists(st.sampled_from(["QC", "ON", "35"]), max_size=2)
AREAS = st.lists(st.builds(taxes.AreaInput, TAXES, PARTS, PARTS), max_size=3)
SAID = st.builds(taxes.TaxesInput, TAXES, AREAS, st.sampled_from(["standard", "goods", "none"]), st.booleans())


@given(st.lists(SAID, max_size=6))
@BOUNDED
def test_a_destination_has_the_taxes_last_accepted(changes: list[taxes.TaxesInput]) -> None:
    destination: taxes.Destination | None = None
    for said in changes:
        try:
            event = taxes.set_taxes(destination, "CA", said, UUID(int=3))
        except Refusal:
            continue
        if event is not None:
            destination = taxes.evolve(destination, event, 1)
        assert destination is not None
        assert [tax.rates for tax in destination.rules.taxes] == [tax.rates for tax in said.taxes]
        assert [(area.regions, area.postcodes) for area in destination.areas] == [
            (area.regions, area.postcodes) for area in said.areas
        ]
        assert taxes.set_taxes(destination, "CA", said, UUID(int=3)) is None


SCOPES = st.lists(st.sampled_from([*access.SCOPES, "everything"]), max_size=4)
ROLES = st.sampled_from([None, *access.ROLES, "boss"])
SECRETS = st.binary(min_size=32, max_size=32)
LIVES = st.one_of(st.none(), st.integers(-100, 100).map(lambda seconds: NOW + timedelta(seconds=seconds)))


HELD = st.sampled_from([frozenset(scopes) for scopes in access.ROLES.values()])
ISSUERS = st.one_of(st.none(), st.builds(access.Caller, st.just(UUID(int=3)), st.just("token:3"), HELD, LIVES))


@given(SCOPES, ROLES, ISSUERS, SECRETS, LIVES)
@BOUNDED
def test_a_token_opens_what_its_role_and_its_scopes_say_and_never_more_or_longer_than_its_issuers(
    scopes: list[str], role: str | None, issuer: access.Caller | None, secret: bytes, expires_at: datetime | None
) -> None:
    meant = {*scopes, *access.ROLES.get(role or "", ())}
    try:
        issued = access.issue(UUID(int=4), secret, access.Wanted("n", scopes, role, expires_at), issuer)
    except access.UnknownScope:
        assert "everything" in scopes
    except access.UnknownRole:
        assert role == "boss"
    except access.NoScopes:
        assert not meant
    except access.ScopeNotHeld as refused:
        assert issuer is not None
        assert refused.facts["missing"] == sorted(meant - issuer.scopes) != []
    except access.OutlivesIssuer as refused:
        assert issuer is not None
        assert refused.facts["latest"] == issuer.expires_at
        assert expires_at is None or (issuer.expires_at is not None and issuer.expires_at < expires_at)
    else:
        assert set(issued.scopes) == meant
        assert issuer is None or meant <= issuer.scopes
        if issuer is not None and issuer.expires_at is not None:
            assert issued.expires_at is not None
            assert issued.expires_at <= issuer.expires_at
        assert access.evolve(None, issued, 1).role == (role or "")


@given(SCOPES, SECRETS, SECRETS, LIVES, st.booleans())
@BOUNDED
def test_a_token_opens_to_its_own_secret_while_it_lives_and_with_its_own_scopes(
    scopes: list[str], secret: bytes, other: bytes, expires_at: datetime | None, revoked: bool
) -> None:
    try:
        issued = access.issue(UUID(int=4), secret, access.Wanted("n", scopes, None, expires_at), None)
    except access.UnknownScope:
        assert "everything" in scopes
        return
    except access.NoScopes:
        assert not scopes
        return
    token = access.evolve(None, issued, 1)
    if revoked:
        token = access.evolve(token, TokenRevoked(token.id, "lost"), 2)
    for tried in (secret, other):
        shown = presented(f"Bearer {spelled(token.id, tried)}")
        assert shown is not None
        caller = access.caller_of(token, shown, NOW)
        lives = not revoked and (expires_at is None or expires_at > NOW)
        assert (caller is not None) == (lives and tried == secret)
        assert caller is None or caller.scopes == set(scopes)


@given(st.text(max_size=120), st.text(max_size=60))
@BOUNDED
def test_no_spelling_of_an_authorization_breaks_the_door(scheme: str, rest: str) -> None:
    for header in (scheme, f"Bearer {rest}", f"Bearer db_{rest}", f"Bearer db_{'0' * 32}_{rest}", f"{scheme} {rest}"):
        shown = presented(header)
        assert shown is None or len(shown.secret_sha256) == 64
