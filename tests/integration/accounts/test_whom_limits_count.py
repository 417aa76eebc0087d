"""Whoever is signed in counts as the account's own person, whatever mail they type; as a guest as the same one."""

from pathlib import Path

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_shopping import cart_of, lines_of, signed_in
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_purchase_limits import bought, left, limit
from write_side import erasure
from write_side.accounts import SignedIn
from write_side.erasure import Ledger
from write_side.inventory import PurchaseLimitReached
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import PercentageInput as Percentage

OWN = "ada+account@shop.example"


async def placed(customers: Customers, who: SignedIn, mail: str, codes: tuple[str, ...] = ()) -> OrderState:
    basket = await cart_of(customers, who)
    if not await lines_of(customers, basket):
        await customers.shop.add(basket, "lamp", 1)
    quote = await customers.shop.quote(basket, mail, codes=codes)
    assert [refused.why for refused in quote.refused_codes] == []
    return await customers.shop.place(basket, quote.id)


async def test_other_mails_in_an_account_s_cart_are_no_other_customers(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 50)
    coupon = await shop.promote(Percentage(1000), code="TWICE", most_per_customer=2)
    await limit(shop, most_per_customer=3)
    who = await signed_in(customers, OWN)
    for mail in ("friend@shop.example", OWN):
        order = await shop.now(await placed(customers, who, mail, ("TWICE",)))
        assert order.customer == who.person_id
    assert await shop.used(coupon) == 2
    with pytest.raises(AssertionError, match="used_up_by_you"):
        await placed(customers, who, "other@shop.example", ("TWICE",))
    await shop.add(await cart_of(customers, who), "lamp", 1)  # beside the one that was refused
    with pytest.raises(PurchaseLimitReached) as refused:
        await shop.quote(await cart_of(customers, who), "another@shop.example")
    assert left(refused.value) == [("lamp", 1)]
    assert isinstance(await bought(shop, "friend@shop.example", lamp=3), OrderState), "of their own they have none"


async def test_the_same_human_as_a_guest_and_signed_in_is_one_customer(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 50)
    await shop.promote(Percentage(1000), code="ONCE", most_per_customer=1)
    assert isinstance(await shop.bought_by("ONCE", "ada@shop.example"), OrderState)
    who = await signed_in(customers, OWN)
    for mail in (OWN, "friend@shop.example"):
        with pytest.raises(AssertionError, match="used_up_by_you"):
            await placed(customers, who, mail, ("ONCE",))
    await limit(shop, most_per_customer=2)
    order = await placed(customers, who, "friend@shop.example")
    assert left(await bought(shop, "Ada+guest@shop.example", lamp=1)) == [("lamp", 0)]
    assert (await shop.now(order)).person_id not in (who.person_id, (await shop.now(order)).counted_as)


async def test_an_account_from_before_counts_with_its_mailbox_although_it_types_another_mail(
    customers: Customers,
) -> None:
    shop = customers.shop
    who = await signed_in(customers, OWN)
    mailbox = await shop.keyring.person_for("ada@shop.example")
    await _forget_what_was_told(shop)
    await shop.stock("lamp", 50)
    order = await shop.now(await placed(customers, who, "friend@shop.example"))
    assert order.counted_as == mailbox.id
    assert (await shop.keyring.person_for(OWN)).id == who.person_id


async def _forget_what_was_told(shop: Shop) -> None:
    await shop.keyring._pool.execute("UPDATE person_key SET canonical_fingerprint = NULL, counted_as = NULL")


async def test_the_cart_of_an_erased_account_makes_nobody_anew(customers: Customers, tmp_path: Path) -> None:
    shop = customers.shop
    await shop.stock("lamp", 50)
    who = await signed_in(customers, OWN)
    basket = await cart_of(customers, who)
    await shop.add(basket, "lamp", 1)
    await erasure.erase(shop.pool, shop.keyring, Ledger(str(tmp_path / "erasures.jsonl")), who.person_id, CAUSE)
    order = await shop.place(basket, (await shop.quote(basket, "friend@shop.example")).id)
    assert (await shop.now(order)).counted_as == who.person_id
    assert await shop.keyring.find(OWN) is None
