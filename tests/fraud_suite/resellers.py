"""Resellers and their bots ("scalping", OWASP OAT-005): all of a scarce thing for one buyer, in spite of a limit.

After queue-it.com/blog/sneaker-bot-prevention and walton.uark.edu on bots for sneakers (accounts, proxies and cards by
the dozen; the same home); legalclarity.org (proxies make one buyer look like many); a shop's own words of what a limit
per person means: one account, mail, payment, name, billing and delivery address, device
(colthat.com/high-demand-product-restrictions-policy). "Jigging" is an address written another way each time.

The first two orders of a ring are those of a couple; the third is one too many.
"""

from datetime import timedelta

from msgspec import structs

from shared.documents.orders import Address
from tests.fraud_suite.people import People
from tests.fraud_suite.traces import Buyer, Diary, Variant

OPENING = 2
PRICE = 19900  # of the scarce thing


def _jigged(people: People, home: Address, number: int) -> Address:
    """The same door, which a postman finds and a program does not."""
    extra = f"{people.chance.choice(('Whg', 'Apt', 'Hinterhaus', 'Etage', 'c/o'))} {people.word(3)}{number}"
    return structs.replace(home, name=people.address().name, line2=extra)


def crude_bot(people: People, diary: Diary) -> None:
    """One everything, many tags behind the plus sign, within five minutes."""
    at, one = people.start(1), people.buyer("DE")
    name, host = one.mail.split("@")
    for number in people.times(10, 25):
        again = structs.replace(one, mail=f"{name}+{number}@{host}")
        diary.order(at, again, PRICE, attack=True, opening=OPENING)
        at += timedelta(seconds=people.chance.uniform(2, 20))


def names_at_one_address(people: People, diary: Diary) -> None:
    """Names and virtual cards by the dozen, all to one door, from home."""
    at, home = people.start(1), people.buyer("DE")
    for _ in people.times(6, 12):
        place = structs.replace(home.address, name=people.address().name)
        one = structs.replace(home, mail=people.mail(), address=place, card=people.card("DE"))
        diary.order(at, one, PRICE, attack=True, opening=OPENING, declined=people.trouble())
        at += timedelta(seconds=people.chance.uniform(20, 150))


def jigged(people: People, diary: Diary) -> None:
    """The door is written another way each time, the cards are virtual; one network, no device named."""
    at, home = people.start(1), people.buyer("DE")
    for number in people.times(8, 20):
        place = _jigged(people, home.address, number)
        one = Buyer(people.mail(), place, people.card("DE"), "", home.client)
        diary.order(at, one, PRICE, attack=True, opening=OPENING)
        at += timedelta(seconds=people.chance.uniform(2, 30))


def proxies_and_few_cards(people: People, diary: Diary) -> None:
    """A bought proxy, a clean browser and a jigged door for each order; but banks give out only so many cards."""
    at, home, cards = people.start(1), people.address("DE"), [people.card("DE") for _ in range(4)]
    for number in people.times(10, 22):
        place = _jigged(people, home, number)
        one = Buyer(people.mail(), place, cards[number % 4], people.word(), people.client_of_old())
        diary.order(at, one, PRICE, attack=True, opening=4)  # the first of each card
        at += timedelta(seconds=people.chance.uniform(2, 60))


def friends_addresses(people: People, diary: Diary) -> None:
    """To six friends, each with a card and a mail of their own, all from one computer."""
    at, one = people.start(1), people.buyer("DE")
    device = one.device or people.word()
    for _ in people.times(5, 8):
        again = structs.replace(people.buyer("DE"), device=device, client=one.client)
        diary.order(at, again, PRICE, attack=True, opening=OPENING)
        at += timedelta(seconds=people.chance.uniform(30, 200))


def week_after_week(people: People, diary: Diary) -> None:
    """Two or three orders a week under six names with three cards to one door, for three weeks."""
    at, home = people.start(24), people.buyer("DE")
    mails, cards = [people.mail() for _ in range(6)], [people.card("DE") for _ in range(3)]
    for number in people.times(7, 10):
        one = structs.replace(people.again(home), mail=mails[number % 6], card=people.chance.choice(cards))
        diary.order(at, one, PRICE, attack=True, opening=OPENING)
        at = people.after(at, 30, 80)


VARIANTS = [
    Variant("reseller", crude_bot, 16), Variant("reseller", names_at_one_address, 20), Variant("reseller", jigged, 16),
    Variant("reseller", proxies_and_few_cards, 16), Variant("reseller", friends_addresses, 16),
    Variant("reseller", week_after_week, 16),
]  # fmt: skip
