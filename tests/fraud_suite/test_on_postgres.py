"""The suite finds earlier tries in a dictionary; the shop finds them in Postgres. Both have to come to the same."""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

import pytest

from shared.envelope import Metadata
from tests.fraud_suite.replay import STAFF_LOOK_WITHIN, attempt_of, replay, spelled, traces
from tests.fraud_suite.traces import Trace
from write_side.database import Connection, Pool
from write_side.fraud import Card, Tried, Visit, assessed, note, store
from write_side.fraud.domain import Attempt, decide

CAUSE = Metadata("test", "test")
# Of each kind one, short and with past tries that weigh; none from which money goes back, which needs whole orders.
PLAYED = (
    ("card testing", "cracking"), ("stolen card", "one_card_many_mails"), ("reseller", "names_at_one_address"),
    ("coupon abuse", "plus_signs"), ("account takeover", "drop_nearby"), ("good", "family"),
    ("good", "orders_for_others"), ("card testing", "spelled_tester"), ("good", "family_of_tags"),
)  # fmt: skip


@pytest.fixture(scope="module")
def played() -> list[Trace]:
    written = [*traces()["tuning"], *spelled()]
    return [next(one for one in written if (one.kind, one.variant) == wanted) for wanted in PLAYED]


async def test_postgres_and_the_dictionary_come_to_the_same_verdicts(pool: Pool, played: list[Trace]) -> None:
    expected = [judged.found.verdict for judged in replay(played)]
    async with pool.acquire() as conn:
        undone = conn.transaction()  # the orders themselves do not exist
        await undone.start()
        verdicts = await _verdicts(conn, played)
        await undone.rollback()
    assert [verdict for verdict in verdicts if verdict is not None] == expected
    assert len(set(expected)) > 1


async def _verdicts(conn: Connection, played: Iterable[Trace]) -> list[str | None]:
    """Of each try, while staff decide about those held once a day has passed."""
    verdicts: list[str | None] = []
    held: list[tuple[Attempt, bool]] = []
    for attempt, attack in _attempts(played):
        due = [each for each in held if each[0].at <= attempt.at - STAFF_LOOK_WITHIN]
        held = [each for each in held if each not in due]
        for each in due:
            await _decide(conn, *each)
        verdicts.append(await _assessed(conn, attempt))
        if verdicts[-1] == "review":
            held.append((attempt, attack))
    return verdicts


async def _decide(conn: Connection, attempt: Attempt, attack: bool) -> None:
    check = await store.find(conn, attempt.payment_id)
    event = decide(check, "refused" if attack else "accepted", "")
    assert check is not None
    await store.save(conn, check, event, CAUSE)


def _attempts(played: Iterable[Trace]) -> list[tuple[Attempt, bool]]:
    tries = ((attempt_of(trace, tried), tried.attack) for trace in played for tried in trace.tries)
    return sorted(tries, key=lambda one: one[0].at)


async def _assessed(conn: Connection, attempt: Attempt) -> str | None:
    """What the shop thinks of a try that was authorized; None of a declined one."""
    marks, quote_id = attempt.marks, uuid5(NAMESPACE_URL, f"{attempt.payment_id} {attempt.at}")
    await note(conn, quote_id, Visit(marks.address, marks.device, marks.network, attempt.disposable_mail, marks.door))
    card = Card(marks.card, attempt.card_country, attempt.cvc_check, attempt.postal_check)
    tried = Tried(
        attempt.payment_id, attempt.order_id, quote_id, attempt.person_id, attempt.outcome, attempt.decline_code,
        attempt.amount_minor, attempt.currency, attempt.codes, attempt.country, card, attempt.counted_as,
    )  # fmt: skip
    verdict, _ = await assessed(conn, tried, "enforce", attempt.at, CAUSE)
    return None if attempt.outcome == "declined" else verdict
