"""What the checks reach on both halves of the suite, as a floor that a change of the rules may raise and not lower."""

from datetime import timedelta
from hashlib import sha256

import pytest

from shared.documents.orders import Address
from shared.envelope import as_json
from tests.fraud_suite.replay import VARIANTS, Judged, replay, replay_spelled, spelled, traces
from tests.fraud_suite.report import report
from tests.fraud_suite.traces import BEGIN, HALVES, Buyer, Card, Declined, Diary, Half, Trace
from write_side.fraud.domain import Verdict
from write_side.fraud.rules import Assessment

# Caught at least, good orders stopped at most, in percent: what was reached when the rules were last tuned.
REACHED: dict[Half, tuple[float, float]] = {"tuning": (96.5, 1.5), "kept back": (96.5, 2)}
NINE_REFUSED: list[Verdict] = ["refuse"] * 9
SOMEBODY = Buyer("ada@example.org", Address("Ada", "Hill Road 1", "Berlin", "10115", "DE"), Card("c", "DE"), "d", "")


# Who changes a trace after the rules were tuned has to say so here, and to tune no rule on what is kept back.
# Changed since: every address has an empty `gift_card_mail` and an empty `vat_id`, and nothing else.
WRITTEN: dict[Half, str] = {"tuning": "27f6d7188068c755", "kept back": "212f52e0e0665c40"}
WRITTEN_SPELLED = "c1b29dc601045f7f"


@pytest.fixture(scope="module")
def suite() -> dict[Half, list[Trace]]:
    return traces()


@pytest.mark.parametrize("half", HALVES)
def test_attacks_are_caught_and_good_shoppers_are_let_through(suite: dict[Half, list[Trace]], half: Half) -> None:
    found = report(replay(suite[half]))
    caught, stopped = REACHED[half]
    assert found.attacks.caught_percent is not None and found.attacks.caught_percent >= caught
    assert found.good.stopped_percent is not None and found.good.stopped_percent <= stopped


def test_one_mailbox_under_many_spellings_is_one_attacker_or_one_good_shopper(suite: dict[Half, list[Trace]]) -> None:
    found = report(replay_spelled(suite["tuning"]))
    assert found.attacks.caught_percent is not None and found.attacks.caught_percent >= 99.5
    assert found.good.stopped_percent is not None and found.good.stopped_percent <= 1
    assert sha256(as_json(spelled())).hexdigest()[:16] == WRITTEN_SPELLED


@pytest.mark.parametrize("half", HALVES)
def test_a_half_is_the_same_as_when_the_rules_were_tuned(suite: dict[Half, list[Trace]], half: Half) -> None:
    assert sha256(as_json(suite[half])).hexdigest()[:16] == WRITTEN[half]


def test_each_way_to_attack_and_to_shop_stands_in_both_halves(suite: dict[Half, list[Trace]]) -> None:
    told = {half: {(trace.kind, trace.variant) for trace in those} for half, those in suite.items()}
    assert told["tuning"] == told["kept back"] == {(variant.kind, variant.name) for variant in VARIANTS}


def judged(trace: Trace, *verdicts: Verdict) -> list[Judged]:
    paid = [tried for tried in trace.tries if not tried.decline_code]
    return [Judged(trace, tried, Assessment(verdict, 0, [])) for tried, verdict in zip(paid, verdicts, strict=True)]


def campaign(name: str, orders: int, opening: int) -> Trace:
    diary = Diary()
    for number in range(orders):
        diary.order(BEGIN + timedelta(days=number), SOMEBODY, 1000, attack=True, opening=opening)
    return Trace("reseller", name, 0, diary.tries)


def test_an_opening_counts_in_all_orders_and_not_in_those_caught() -> None:
    found = report(judged(campaign("ring", 4, 2), "accept", "review", "refuse", "accept")).attacks
    assert (found.orders, found.all_percent) == (4, 50)
    assert (found.after_opening, found.caught_percent, found.refused_percent) == (2, 50, 50)


def test_a_small_campaign_weighs_as_much_as_a_large_one() -> None:
    small, large = campaign("small", 1, 0), campaign("large", 9, 0)
    found = report(judged(small, "accept") + judged(large, *NINE_REFUSED)).attacks
    assert (found.caught_percent, found.campaigns_percent, found.campaigns, found.unseen) == (90, 50, 2, 1)


def test_a_declined_try_is_no_order_and_a_victims_own_order_a_good_one() -> None:
    diary = Diary()
    diary.order(BEGIN, SOMEBODY, 1000, declined=[Declined("stolen_card")], paid=False, attack=True)
    diary.order(BEGIN, SOMEBODY, 1000, declined=[Declined("incorrect_cvc")])
    found = report(replay([Trace("account takeover", "crude", 0, diary.tries)]))
    assert (found.attacks.orders, found.good.orders, list(found.good_variants)) == (0, 1, ["victims, before"])
