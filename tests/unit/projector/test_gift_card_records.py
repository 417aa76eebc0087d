"""What analysts see of a gift card, told from its events alone."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from projector.read_models import gift_card_records
from shared.documents.gift_cards import GiftCardRecord
from shared.events.gift_cards import GiftCardBlocked, GiftCardIssued, GiftCardReturned, GiftCardSpent
from tests.unit.projector.events import ORDER, START, folded, shown

CARD, UNTIL, MARK = UUID(int=5), datetime.fromisoformat("2029-12-31T23:00:00Z"), "ab" * 32


def record(*more: Struct, sku: str = "card-50") -> GiftCardRecord:
    issued = GiftCardIssued(CARD, MARK, 5000, "EUR", UNTIL, ORDER, sku)
    body = shown(gift_card_records.MODEL, f"gift_card:{CARD}", issued, *more).documents[str(CARD)] or b""
    assert MARK.encode() not in body
    return msgspec.json.decode(body, type=GiftCardRecord)


def test_a_gift_card_is_a_record_of_what_is_left_on_it_and_how_that_came() -> None:
    spent, more = GiftCardSpent(CARD, ORDER, 1999, 3001), GiftCardSpent(CARD, ORDER, 3001, 0)
    back = GiftCardReturned(CARD, ORDER, 500, 500)
    new, used, last = record(), record(spent), record(spent, more, back, GiftCardBlocked(CARD))
    figures = [(each.spent_minor, each.returned_minor, each.balance_minor) for each in (new, used, last)]
    assert figures == [(0, 0, 5000), (1999, 0, 3001), (5000, 500, 500)]
    assert all(each.amount_minor - each.spent_minor + each.returned_minor == each.balance_minor for each in (new, last))
    assert [(each.state, each.blocked_at is None) for each in (new, last)] == [("active", True), ("blocked", False)]
    assert (last.issued_at, last.updated_at) == (START + timedelta(seconds=1), START + timedelta(seconds=5))
    assert (new.expires_at, new.order_id, new.sku, new.currency) == (UNTIL, ORDER, "card-50", "EUR")
    assert record(sku="").sku is None


def test_the_hash_of_a_code_is_in_no_memory_of_it_either() -> None:
    issued = GiftCardIssued(CARD, MARK, 5000, "EUR", None)
    ((_, state),) = folded(gift_card_records.MODEL, f"gift_card:{CARD}", issued).items()
    assert MARK.encode() not in msgspec.json.encode(state)
