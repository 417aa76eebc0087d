"""Card testing: lists of stolen cards, or guesses at one, tried out on the checkout; what is bought is of no interest.

After OWASP's automated threats OAT-001 carding and OAT-010 card cracking;
fraudhalo.com/blog/card-testing-attack-detection (many small authorizations, most declined);
cvvchecker.org/blog/card-testing-fraud (today through residential proxies, at a human pace, within one range of
numbers); intelligentfraud.com (fast ones within the hour, and "low and slow" ones);
oktopeak.com/blog/card-testing-fraud-prevention (six accounts in eleven days, cards of three continents). A fifth or so
of the cards live. The addresses are invented, and used again, because nobody waits for the parcel.

The first two cards of a campaign look like anybody's order; what comes after has a past.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec import structs

from tests.fraud_suite.people import THROW_AWAY, TOR, People
from tests.fraud_suite.traces import Buyer, Card, Declined, Diary, Variant

OPENING = 2
_REFUSALS = ("generic_decline", "do_not_honor", "incorrect_cvc", "insufficient_funds", "lost_card", "stolen_card",
             "fraudulent", "expired_card", "incorrect_number", "pickup_card")  # fmt: skip
_OF_THEM = (30, 15, 15, 10, 5, 8, 5, 6, 4, 2)
_ORIGINS = ("US", "GB", "DE", "FR", "CA", "SG", "MY", "BR")


def _card(people: People) -> Card:
    return people.stolen_card(people.chance.choice(_ORIGINS), complete=people.odds(30))


def try_out(
    people: People, diary: Diary, at: datetime, cards: int, pause: tuple[float, float], tester: Callable[[], Buyer],
    *, live: float = 22, amount: tuple[int, int] = (100, 900),
) -> None:  # fmt: skip
    """One order a card, so many hours apart; `live` percent of the cards are taken by their bank."""
    for _ in range(cards):
        lives = people.odds(live)
        code = people.chance.choices(_REFUSALS, _OF_THEM)[0]
        declined = [] if lives else [Declined(code)]
        price = people.chance.randint(*amount)
        diary.order(at, tester(), price, declined=declined, paid=lives, attack=True, opening=OPENING)
        at = people.after(at, *pause)


def burst(people: People, diary: Diary) -> None:
    """Crude: one script, one mail address, one network, a card every few seconds."""
    first = people.buyer()

    def tester() -> Buyer:
        return structs.replace(first, card=_card(people))

    try_out(people, diary, people.start(1), people.chance.randint(40, 90), (0.003, 0.02), tester)


def throw_away_mails(people: People, diary: Diary) -> None:
    """A fresh mail for each card, no device named, one server."""
    first = structs.replace(people.buyer(), device="", client=people.client_of_old())

    def tester() -> Buyer:
        hosts = THROW_AWAY if people.odds(60) else ("gmail.com", "outlook.com")
        return structs.replace(first, mail=f"{people.word(10)}@{people.chance.choice(hosts)}", card=_card(people))

    try_out(people, diary, people.start(1), people.chance.randint(30, 60), (0.01, 0.05), tester)


def through_proxies(people: People, diary: Diary) -> None:
    """Another network and mail for each card, from one browser that keeps its storage, to three invented addresses."""
    device, places = people.word(), [people.address("US") for _ in range(3)]

    def tester() -> Buyer:
        return Buyer(people.mail(), people.chance.choice(places), _card(people), device, people.client_of_old())

    try_out(people, diary, people.start(1), people.chance.randint(30, 60), (0.02, 0.1), tester)


def slow(people: People, diary: Diary) -> None:
    """A card every half hour to two hours for days, at ordinary prices, with three mails and one device."""
    first, mails = people.buyer("DE"), [people.mail() for _ in range(3)]

    def tester() -> Buyer:
        mail, client = people.chance.choice(mails), people.chance.choice(TOR)
        return structs.replace(first, mail=mail, card=_card(people), client=client)

    try_out(people, diary, people.start(5), people.chance.randint(30, 60), (0.5, 2), tester, amount=(900, 3500))


def very_slow(people: People, diary: Diary) -> None:
    """Four to eight cards a day for two weeks; all is fresh each time but two addresses."""
    places = [people.address("DE") for _ in range(2)]

    def tester() -> Buyer:
        client = people.client_of_old()
        return Buyer(people.mail(), people.chance.choice(places), _card(people), people.word(), client)

    try_out(people, diary, people.start(15), people.chance.randint(40, 70), (3, 6), tester, amount=(900, 3500), live=35)


def cracking(people: People, diary: Diary) -> None:
    """The number is known, the security code guessed at: several tries a card, one of them right in the end."""
    at, device = people.start(3), people.word()
    for _ in people.times(10, 18):
        card, right = _card(people), people.odds(60)
        wrong = [Declined("incorrect_cvc") for _ in people.times(3, 7)]
        buyer = Buyer(people.mail(), people.address("US"), card, device if people.odds(40) else "", people.client())
        price = people.chance.randint(300, 2000)
        diary.order(at, buyer, price, declined=wrong, paid=right, attack=True, opening=0)
        at = people.after(at, 0.1, 3)


def rented_machines(people: People, diary: Diary) -> None:
    """Each card from another machine under another name; addresses out of a list of eight."""
    places = [people.address(people.chance.choice(("US", "DE", "GB"))) for _ in range(8)]

    def tester() -> Buyer:
        client = people.client_of_old()
        return Buyer(people.mail(), people.chance.choice(places), _card(people), people.word(), client)

    try_out(people, diary, people.start(2), people.chance.randint(50, 80), (0.05, 0.4), tester)


def nothing_shared(people: People, diary: Diary) -> None:
    """As above with invented addresses throughout: no two have a thing in common but the range of the cards' numbers.

    Some show in themselves (a card of one country, goods to another); the rest can't be told from newcomers by what the
    shop records.
    """

    def tester() -> Buyer:
        place = people.address(people.chance.choice(("US", "DE", "GB")))
        return Buyer(people.mail(), place, _card(people), people.word(), people.client_of_old())

    try_out(people, diary, people.start(2), people.chance.randint(20, 35), (0.1, 0.6), tester)


VARIANTS = [
    Variant("card testing", burst, 16), Variant("card testing", throw_away_mails, 16),
    Variant("card testing", through_proxies, 16), Variant("card testing", slow, 16),
    Variant("card testing", very_slow, 16), Variant("card testing", cracking, 16),
    Variant("card testing", rented_machines, 16), Variant("card testing", nothing_shared, 8),
]  # fmt: skip
