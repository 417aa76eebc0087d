"""Account takeover: somebody orders in the name of a customer with a good past.

After sift.com/sift-edu "dealing with account takeovers" (a good past as cover for a bad order),
signifyd.com/blog/account-takeover-fraud (dormant accounts, new devices, changed addresses), fierceretail.com (a changed
delivery address is the key sign), securecommerce.io/threats/account-takeover (addresses changed right before the order,
unusual goods).

To the checks an account is its mail address. The victims' own orders are good ones. Their good look-alikes are in
shoppers.py: who has moved house, who has a new telephone, who sends a gift.
"""

from datetime import datetime

from msgspec import structs

from tests.fraud_suite.people import TOR, People
from tests.fraud_suite.traces import Buyer, Declined, Diary, Variant


def _past(people: People, diary: Diary, at: datetime, least: int = 2, most: int = 7) -> tuple[datetime, Buyer]:
    """A victim's own orders, before; and when the thief comes."""
    victim = people.buyer("DE")
    for _ in people.times(least, most):
        diary.order(at, victim, people.amount(55), declined=people.trouble())
        at, victim = people.after(at, 24 * 5, 24 * 22), people.again(victim)
    return at, victim


def crude(people: People, diary: Diary) -> None:
    """The victim's card; all else is new; abroad; several times what they ever spent, twice in a night."""
    at, victim = _past(people, diary, people.start(170))
    place = people.address(people.chance.choice(("GB", "FR", "US", "IT")))
    thief = structs.replace(victim, address=place, device=people.word(), client=people.chance.choice(TOR))
    for _ in people.times(1, 3):
        diary.order(at, thief, people.amount(550, 0.3), attack=True)
        at = people.after(at, 0.1, 5)


def drop_nearby(people: People, diary: Diary) -> None:
    """The victim's card, a drop in the country, two to four times what they spend."""
    at, victim = _past(people, diary, people.start(170))
    thief = structs.replace(victim, address=people.address("DE"), device=people.word(), client=people.client())
    for _ in people.times(1, 3):
        diary.order(at, thief, people.amount(230, 0.3), attack=True)
        at = people.after(at, 0.2, 10)


def stolen_card_on_a_good_account(people: People, diary: Diary) -> None:
    """The past is the victim's, the card somebody else's."""
    at, victim = _past(people, diary, people.start(170))
    card = people.stolen_card(people.chance.choice(("DE", "FR", "US")), complete=True)
    thief = Buyer(victim.mail, people.address("DE"), card, people.word(), people.client())
    for _ in people.times(1, 3):
        tried = [Declined("insufficient_funds")] if people.odds(25) else []
        diary.order(at, thief, people.amount(300, 0.3), declined=tried, attack=True)
        at = people.after(at, 0.2, 10)


def dormant(people: People, diary: Diary) -> None:
    """Nothing for four months, then another device, address and card."""
    at, victim = _past(people, diary, people.start(205), 1, 2)
    at = people.after(at, 24 * 115, 24 * 130)
    card = people.stolen_card("DE", complete=True)
    thief = Buyer(victim.mail, people.address("DE"), card, people.word(), people.client())
    for _ in people.times(1, 2):
        diary.order(at, thief, people.amount(260, 0.3), attack=True)
        at = people.after(at, 0.2, 10)


def list_of_passwords(people: People, diary: Diary) -> None:
    """Stuffed credentials: eight to fifteen accounts in two days, from one browser, to two drops."""
    at = people.start(175)
    victims = [_past(people, diary, at, 1, 5)[1] for _ in people.times(8, 15)]
    at, device = people.after(at, 24 * 125, 24 * 140), people.word()
    drops = [people.address("DE") for _ in range(2)]
    for victim in victims:
        place = structs.replace(people.chance.choice(drops), name=victim.address.name)
        thief = structs.replace(victim, address=place, device=device, client=people.client())
        diary.order(at, thief, people.amount(200, 0.3), attack=True)
        at = people.after(at, 0.2, 6)


def careful(people: People, diary: Diary) -> None:
    """The victim's card, a proxy in their town, no more than they spend; a drop, and thrice in four days."""
    at, victim = _past(people, diary, people.start(175), 3, 6)
    thief = structs.replace(victim, address=people.address("DE"), device=people.word(), client=people.client())
    for _ in people.times(2, 3):
        diary.order(at, thief, people.amount(70, 0.3), attack=True, opening=1)
        at = people.after(at, 6, 40)


def to_the_victims_door(people: People, diary: Diary) -> None:
    """To where it always goes, to be fetched from the doorstep or sent on later: new device, far more than ever."""
    at, victim = _past(people, diary, people.start(170))
    thief = structs.replace(victim, device=people.word(), client=people.client())
    for _ in people.times(1, 2):
        diary.order(at, thief, people.amount(480, 0.3), attack=True)
        at = people.after(at, 0.2, 10)


VARIANTS = [
    Variant("account takeover", crude, 24), Variant("account takeover", drop_nearby, 20),
    Variant("account takeover", stolen_card_on_a_good_account, 20), Variant("account takeover", dormant, 16),
    Variant("account takeover", list_of_passwords, 12), Variant("account takeover", careful, 16),
    Variant("account takeover", to_the_victims_door, 16),
]  # fmt: skip
