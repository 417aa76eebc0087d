"""Refund abuse: what came "never arrived", or was broken, or is charged back.

After securecommerce.io/threats/refund-fraud (not received, not as described, wardrobing, empty boxes), accertify.com
on claims (occasional ones, professionals, refunding as a service),
app.payflux.dev/docs/risk/how-refund-abuse-patterns-work (the share of refunds in a customer's sales; several accounts
at one address), americanbanker.com on friendly fraud.

Two refunds in a row happen to good customers, so an abuser's first two orders are the opening. A good customer's later
orders do come through: a real one sends back a quarter to a half.
"""

from datetime import timedelta

from msgspec import structs

from tests.fraud_suite.people import People
from tests.fraud_suite.traces import Buyer, Diary, Variant

OPENING = 2


def _claim(people: People, percent: float = 100) -> timedelta | None:
    """When the shop has given money back, if it does."""
    return timedelta(days=people.chance.uniform(5, 12)) if people.odds(percent) else None


def never_arrived(people: People, diary: Diary) -> None:
    """One account that claims each time."""
    at, one = people.start(160), people.buyer()
    for _ in people.times(6, 11):
        amount = people.amount(110, 0.5)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at, one = people.after(at, 24 * 13, 24 * 18), people.again(one)


def builds_trust_first(people: People, diary: Diary) -> None:
    """Two orders as good as anybody's, then claim upon claim, for more and more."""
    at, one = people.start(160), people.buyer()
    for _ in range(2):
        diary.order(at, one, people.amount(40))
        at, one = people.after(at, 24 * 6, 24 * 14), people.again(one)
    for number in people.times(5, 8):
        amount = people.amount(80 + 40 * number, 0.3)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at, one = people.after(at, 24 * 13, 24 * 18), people.again(one)


def many_names(people: People, diary: Diary) -> None:
    """Another mail each second order; the door and the card are the same."""
    at, one = people.start(160), people.buyer()
    for number in people.times(6, 11):
        one = structs.replace(people.again(one), mail=people.mail() if number % 2 == 0 else one.mail)
        amount = people.amount(110, 0.5)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at = people.after(at, 24 * 13, 24 * 18)


def as_a_service(people: People, diary: Diary) -> None:
    """Somebody who claims for others: their cards, mails and doors, one browser."""
    at, device = people.start(120), people.word()
    for _ in people.times(7, 12):
        one = structs.replace(people.buyer("DE"), device=device)
        amount = people.amount(250, 0.4)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at = people.after(at, 24 * 5, 24 * 14)


def new_card_same_door(people: People, diary: Diary) -> None:
    """A new name, card and browser for each claim; somebody has to open the door."""
    at, home = people.start(150), people.address("DE")
    for _ in people.times(6, 10):
        place = structs.replace(home, name=people.address().name)
        one = Buyer(people.mail(), place, people.card("DE"), people.word(), people.client())
        amount = people.amount(160, 0.4)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at = people.after(at, 24 * 13, 24 * 18)


def most_of_the_time(people: People, diary: Diary) -> None:
    """Wardrobing and "damaged" boxes: money back of three orders in four."""
    at, one = people.start(170), people.buyer()
    for _ in people.times(9, 14):
        amount = people.amount(90, 0.4)
        diary.order(at, one, amount, attack=True, opening=4, money_back=_claim(people, 75))
        at, one = people.after(at, 24 * 8, 24 * 13), people.again(one)


def charged_back(people: People, diary: Diary) -> None:
    """Friendly fraud: the bank is told that it was not them. The shop is warned in time and gives the money back."""
    at, one = people.start(170), people.buyer()
    for _ in people.times(4, 6):
        amount = people.amount(150, 0.4)
        diary.order(at, one, amount, attack=True, opening=OPENING, money_back=_claim(people))
        at, one = people.after(at, 24 * 20, 24 * 32), people.again(one)


def charged_back_unheard(people: People, diary: Diary) -> None:
    """The same where nothing warns the shop: a dispute that it does not record leaves no trace in what it knows."""
    at, one = people.start(170), people.buyer()
    for _ in people.times(4, 6):
        diary.order(at, one, people.amount(150, 0.4), attack=True, opening=OPENING)
        at, one = people.after(at, 24 * 20, 24 * 32), people.again(one)


VARIANTS = [
    Variant("refund abuse", never_arrived, 24), Variant("refund abuse", builds_trust_first, 16),
    Variant("refund abuse", many_names, 16), Variant("refund abuse", as_a_service, 16),
    Variant("refund abuse", new_card_same_door, 16), Variant("refund abuse", most_of_the_time, 16),
    Variant("refund abuse", charged_back, 12), Variant("refund abuse", charged_back_unheard, 8),
]  # fmt: skip
