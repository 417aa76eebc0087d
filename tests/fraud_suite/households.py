"""Good shoppers who share something: a home, a card, a computer, a network, a code.

What a crude rule takes for a ring: a family, flatmates, a block of flats, an office, a dormitory, a parcel shop, the
customers of one mobile provider behind one address, a public computer, a crowd of newcomers on a day of sales.
"""

from datetime import timedelta

from msgspec import structs

from tests.fraud_suite.people import People
from tests.fraud_suite.shoppers import NEWCOMER
from tests.fraud_suite.traces import Buyer, Diary, Variant


def _neighbours(people: People, least: int, most: int) -> list[Buyer]:
    """So many strangers from here, each with their own everything."""
    return [people.buyer("DE") for _ in people.times(least, most)]


def family(people: People, diary: Diary) -> None:
    """Two to four at one address, on one network; a card and a tablet go from hand to hand."""
    at, first = people.start(150), people.buyer()
    tablet, cards = people.word(), [first.card, people.card(first.address.country)]
    members = [
        structs.replace(people.buyer(first.address.country), address=first.address, client=first.client)
        for _ in people.times(2, 4)
    ]
    for _ in people.times(3, 9):
        one = people.chance.choice(members)
        device = tablet if people.odds(35) else one.device
        used = structs.replace(one, card=people.chance.choice(cards), device=device)
        diary.order(at, used, people.amount(), declined=people.trouble())
        at = people.after(at, 20, 24 * 18)


def newcomers_at_one_address(people: People, diary: Diary) -> None:
    """A couple, three flatmates: each takes the newcomers' code, as each may; some tell it over dinner."""
    at, first = people.start(40), people.buyer()
    for _ in people.times(2, 3):
        one = structs.replace(people.buyer(first.address.country), address=first.address, client=first.client)
        diary.order(at, one, people.amount(), codes=[NEWCOMER], declined=people.trouble())
        at = people.after(at, 0.3, 24 * 9)


def block_of_flats(people: People, diary: Diary) -> None:
    """One street number, many bells: here nobody writes down the number of a flat."""
    at, first = people.start(180), people.buyer("DE")
    for one in _neighbours(people, 8, 14):
        codes = [NEWCOMER] if people.odds(25) else []
        here = structs.replace(one, address=structs.replace(first.address, name=one.address.name))
        diary.order(at, here, people.amount(), codes=codes, declined=people.trouble())
        at = people.after(at, 24, 24 * 20)


def office(people: People, diary: Diary) -> None:
    """One network for all; half have it sent to work. One terminal at the reception is used by some."""
    at, work, network, terminal = people.start(60), people.address("DE"), people.client(), people.word()
    colleagues = _neighbours(people, 8, 22)
    for _ in people.times(12, 30):
        one = people.chance.choice(colleagues)
        address = structs.replace(work, name=one.address.name) if people.odds(50) else one.address
        device = terminal if people.odds(7) else one.device
        here = structs.replace(one, address=address, client=network, device=device)
        diary.order(at, here, people.amount(50), declined=people.trouble())
        at = people.after(at, 1, 72)


def dormitory(people: People, diary: Diary) -> None:
    """A week in October: all on one network, at one street number, half with the code for students."""
    at, house, network = people.start(9), people.address("DE"), people.client()
    for number, one in enumerate(_neighbours(people, 18, 35)):
        room = structs.replace(house, name=one.address.name, line2=f"Zimmer {100 + number}" if people.odds(70) else "")
        here = structs.replace(one, address=room, client=network)
        codes = ["STUDENT15"] if people.odds(50) else []
        diary.order(at, here, people.amount(35), codes=codes, declined=people.trouble(9))
        at = people.after(at, 0.1, 9)


def parcel_shop(people: People, diary: Diary) -> None:
    """Strangers who fetch their parcels at one kiosk."""
    at, kiosk = people.start(60), people.address("DE")
    for one in _neighbours(people, 9, 16):
        here = structs.replace(one, address=structs.replace(kiosk, name=one.address.name))
        codes = [NEWCOMER] if people.odds(25) else []
        diary.order(at, here, people.amount(), codes=codes, declined=people.trouble())
        at = people.after(at, 3, 24 * 6)


def one_mobile_provider(people: People, diary: Diary) -> None:
    """Sixty strangers of one day behind one address of their provider."""
    at, network = people.start(2), people.client_of_old()
    for one in _neighbours(people, 45, 70):
        codes = [NEWCOMER] if people.odds(25) else []
        diary.order(at, structs.replace(one, client=network), people.amount(), codes=codes, declined=people.trouble())
        at = people.after(at, 0.02, 0.7)


def public_computer(people: People, diary: Diary) -> None:
    """In a library: one device, one network, another person each few days."""
    at, device, network = people.start(60), people.word(), people.client()
    for one in _neighbours(people, 4, 7):
        diary.order(at, structs.replace(one, device=device, client=network), people.amount(30))
        at = people.after(at, 30, 24 * 9)


def day_of_sales(people: People, diary: Diary) -> None:
    """Newcomers in one hour, all after the same thing, with the code from the advertisement; some share a network."""
    at = people.start(1)
    code, networks = f"SALE{people.chance.randint(100, 999)}", [people.client() for _ in range(6)]
    for one in [people.buyer() for _ in people.times(90, 130)]:
        here = structs.replace(one, client=people.chance.choice(networks)) if people.odds(15) else one
        diary.order(at, here, 19900, codes=[code] if people.odds(85) else [], declined=people.trouble(9))
        at += timedelta(seconds=people.chance.uniform(2, 60))


def business(people: People, diary: Diary) -> None:
    """Many units, week after week, by two or three employees with the company's card or two, to one door."""
    at, first = people.start(120), people.buyer()
    mails = [people.mail() for _ in people.times(1, 3)]
    cards = [first.card, people.card(first.address.country)]
    for _ in people.times(3, 12):
        card = cards[0] if people.odds(75) else cards[1]
        one = structs.replace(first, mail=people.chance.choice(mails), card=card)
        diary.order(at, one, people.amount(700, 0.8), declined=people.trouble())
        at = people.after(at, 5, 24 * 14)


def club(people: People, diary: Diary) -> None:
    """A choir orders for its trip: six people in an evening on one network, each pays, all goes to the leader."""
    at, leader = people.start(1), people.buyer("DE")
    for one in _neighbours(people, 3, 6):
        diary.order(at, structs.replace(one, address=leader.address, client=leader.client), people.amount(30, 0.2))
        at = people.after(at, 0.05, 0.6)


VARIANTS = [
    Variant("good", family, 120), Variant("good", newcomers_at_one_address, 60), Variant("good", block_of_flats, 16),
    Variant("good", office, 16), Variant("good", dormitory, 10), Variant("good", parcel_shop, 16),
    Variant("good", one_mobile_provider, 8), Variant("good", public_computer, 14), Variant("good", day_of_sales, 10),
    Variant("good", business, 40), Variant("good", club, 20),
]  # fmt: skip
