"""What the rehearsal says of a sale by turns: each way in which somebody could get in out of turn is found."""

from uuid import UUID

import pytest
from msgspec import structs

from doorbuster.load.shoppers import Step
from doorbuster.rehearsal import turns
from doorbuster.rehearsal.shedding import by_rank
from doorbuster.rehearsal.turns import Bought, Held, Pass, Place, Terms
from doorbuster.rehearsal.waiting import Logged, judged
from loadtests import timeline
from shared.tickets import Ticket

SECRET, SALE = "s", UUID(int=7)
BEGAN = 1_000.0
TERMS = Terms(str(SALE), "lamp", BEGAN, per_minute=60, units=5)
EARLY = 3  # of the six


def place(number: int) -> Place:
    """Somebody who drew this number: three came before the start, the others a second apart after it."""
    asked_at = BEGAN - 10 + number if number < EARLY else BEGAN + number
    ticket = Ticket(SALE, number, EARLY).signed(SECRET)
    turn = Ticket(SALE, number, EARLY).position(SECRET)
    passes = [(f"cart {turn}", turn or 0)]
    return Place("honest", ticket, asked_at, asked_at + 0.1, number < EARLY, 3, None, None, passes)


CROWD = [place(number) for number in range(6)]
PASSES = [Pass(100 + turn, turn, f"cart {turn}", BEGAN + turn + 1.5) for turn in range(6)]
ORDERS = [Bought(200 + turn, f"order {turn}", f"cart {turn}", 1, closed=turn == 4) for turn in range(5)]
GOOD = Logged(PASSES, ORDERS, 1)


def wrong(log: Logged = GOOD, crowd: list[Place] = CROWD, **outcomes: int) -> dict[str, list[str]]:
    found = judged(TERMS, log, crowd, SECRET, {name.replace("_", " "): many for name, many in outcomes.items()})
    return {name: each for name, each in found.items() if each}


def test_a_sale_in_which_everybody_had_their_turn_is_a_sale_by_turns() -> None:
    assert wrong(GOOD, CROWD, cheat_refused=9) == {}


@pytest.mark.parametrize(
    ("log", "what", "said"),
    [
        (structs.replace(GOOD, passes=PASSES[1:]), "bought without a turn", "order order 0: its cart had no turn"),
        (structs.replace(GOOD, passes=[structs.replace(PASSES[0], position=201), *PASSES[1:]]),
         "bought without a turn", "order order 0: its cart had no turn"),
        (structs.replace(GOOD, passes=[*PASSES, Pass(300, 6, "cart x", BEGAN + 99)]),
         "bought without a turn", "turn 6 was taken, and nobody drew it"),
        (structs.replace(GOOD, orders=[*ORDERS, structs.replace(ORDERS[0], order_id="again")], left=0),
         "bought without a turn", "cart cart 0: more than one order"),
        (structs.replace(GOOD, passes=[*PASSES[:5], structs.replace(PASSES[5], given_at=BEGAN + 5.5)]),
         "turns taken too soon", "turn 5 was taken 0.500 s before it came"),
        (structs.replace(GOOD, passes=[*PASSES, structs.replace(PASSES[2], position=300, given_at=BEGAN + 50)]),
         "turns taken too soon", "turn 2 was taken 2 times"),
        (structs.replace(GOOD, left=2), "units of the sale not explained", "of 5 units 4 were ordered and 2 are left"),
    ],
)  # fmt: skip
def test_a_log_that_contradicts_the_terms_is_told(log: Logged, what: str, said: str) -> None:
    assert said in wrong(log)[what]


@pytest.mark.parametrize(
    ("number", "changes", "said"),
    [
        (4, {"ticket": Ticket(SALE, 3, EARLY).signed(SECRET)}, "number 3 was drawn 2 times"),
        (4, {"asked_at": BEGAN + 5.5, "answered_at": BEGAN + 5.6}, "number 4 was drawn after a higher one had been"),
        (4, {"asked_at": BEGAN - 2, "answered_at": BEGAN - 1}, "number 4 came before the start and was not drawn by"),
        (1, {"asked_at": BEGAN + 1, "answered_at": BEGAN + 1}, "number 1 came after the start and was drawn by lot"),
        (4, {"passes": [("cart 9", 4)]}, "cart cart 9 was told that turn 4 is its"),
        (4, {"ticket": "forged.4.3.x"}, "forged.4.3.x was given out and is not signed"),
    ],
)
def test_a_place_that_was_got_out_of_order_is_told(number: int, changes: dict[str, object], said: str) -> None:
    crowd = [*CROWD]
    crowd[number] = structs.replace(crowd[number], **changes)
    assert any(said in each for each in wrong(crowd=crowd)["jumped the queue"])


def test_a_line_that_nobody_got_out_of_is_told() -> None:
    crowd = [structs.replace(each, passes=[]) for each in CROWD]
    said = ["6 stood in line, and no turn was taken"]
    assert wrong(Logged([], [], TERMS.units), crowd) == {"turns that were lost": said}


def test_a_turn_that_came_and_could_not_be_taken_is_told() -> None:
    refused = structs.replace(CROWD[4], seen_at=BEGAN + 6, refused="turn_missed")
    said = ["number 4 saw its turn come and was told turn_missed"]
    assert wrong(crowd=[*CROWD[:4], refused, CROWD[5]]) == {"turns that were lost": said}


@pytest.mark.parametrize("changes", [{"way": "two carts"}, {"seen_at": None}, {"refused": ""}])
def test_who_cheats_or_saw_no_turn_has_lost_none(changes: dict[str, object]) -> None:
    refused = structs.replace(CROWD[4], seen_at=BEGAN + 6, refused="turn_taken")
    assert wrong(crowd=[*CROWD[:4], structs.replace(refused, **changes), CROWD[5]]) == {}


def test_one_turn_on_two_tickets_is_told() -> None:
    taken = Ticket(SALE, 0, EARLY).position(SECRET) or 0
    late = structs.replace(CROWD[5], ticket=Ticket(SALE, taken + EARLY, 0).signed(SECRET), passes=[])
    first = structs.replace(CROWD[4], ticket=Ticket(SALE, taken + EARLY, 0).signed(SECRET), passes=[])
    assert any("is on 2 tickets" in each for each in wrong(crowd=[first, late])["jumped the queue"])


def test_tickets_that_disagree_on_how_many_came_early_are_told() -> None:
    other = structs.replace(CROWD[5], ticket=Ticket(SALE, 5, EARLY + 1).signed(SECRET))
    said = ["tickets name several numbers of early ones: 3, 4"]
    assert wrong(crowd=[*CROWD[:5], other]) == {"jumped the queue": said}


def test_a_ticket_that_was_last_seen_before_the_start_names_no_number() -> None:
    unasked = structs.replace(CROWD[0], ticket=Ticket(SALE, 0, None).signed(SECRET), passes=[])
    assert "jumped the queue" not in wrong(crowd=[unasked, *CROWD[1:]])


def test_more_turns_than_had_come_are_told_whoever_took_them() -> None:
    sooner = [structs.replace(each, turn=each.turn, given_at=BEGAN + 1.5) for each in PASSES[:2]]
    assert "2 turns were taken when fewer had come" in turns.too_soon(TERMS, sooner)


def test_a_cheat_that_got_through_is_told() -> None:
    assert wrong(GOOD, CROWD, **{"cheat_got_through:_no_pass": 2}) == {
        "cheats that got through": ["2 × cheat got through: no pass"]
    }


def test_the_most_in_a_minute_are_counted_in_any_minute() -> None:
    assert turns.most_in_a_minute([0, 59, 60, 61, 200]) == 3
    assert turns.most_in_a_minute([]) == 0


def test_a_lot_in_the_order_of_arrival_would_show() -> None:
    in_order = [Held(CROWD[0], number, True, number) for number in range(20)]
    assert turns.correlation(in_order) == 1
    assert turns.correlation([structs.replace(each, turn=19 - each.number) for each in in_order]) == -1
    assert turns.correlation(in_order[:9]) is None


def test_who_was_shed_is_told_by_whether_they_were_buying() -> None:
    def step(name: str, requests: int) -> Step:
        return Step(requests, 0, 1, 1, 1, step=name)

    found = by_rank([step("place order", 9), step("shed: quote", 1), step("product", 50), step("shed: product", 50),
                     step("payment: session", 7)])  # fmt: skip
    assert (found["buying"].asked, found["buying"].shed, found["looking"].share) == (10, 1, 0.5)


def test_a_place_in_line_is_the_query_apis_and_what_was_shed_stands_apart() -> None:
    assert timeline.answered_by("queue: draw a place", "POST") == timeline.QUERY
    assert timeline.answered_by("queue: take my turn", "POST") == timeline.COMMAND
    assert timeline.answered_by("shed: product", "GET") == timeline.SHED
