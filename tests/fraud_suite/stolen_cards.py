"""Stolen cards turned into goods ("cashing out", OWASP OAT-012).

After practicalecommerce.com "7 signs" (freight forwarders, several orders from one network, dear goods); the card
networks' lists of signs, as kickstartmerchantaccounts.com/12signs.html has them (many cards to one address, one card
many times in a short while, one card to many addresses, many cards from one network); fierceretail.com on addresses of
hotels and post boxes. Cards are sold with the code, or as "fullz" with the holder's address; drops are scarce and used
again.

`opening`: a complete card of this country at its first order is a newcomer's order, to whoever looks. Where the first
shows something wrong (country, postal code), it counts.
"""

from datetime import timedelta

from msgspec import structs

from tests.fraud_suite.people import THROW_AWAY, TOR, People
from tests.fraud_suite.traces import Buyer, Card, Declined, Diary, Variant


def _spent(people: People, percent: float = 20) -> list[Declined]:
    """The thief asks for too much, or the holder has noticed."""
    code = people.chance.choice(("insufficient_funds", "generic_decline", "do_not_honor", "stolen_card"))
    return [Declined(code)] if people.odds(percent) else []


def crude(people: People, diary: Diary) -> None:
    """A foreign card without its address, a mail to throw away, dear goods, twice or thrice in a day."""
    at, card = people.start(2), people.stolen_card(people.chance.choice(("US", "GB", "CA")))
    mail = people.mail(THROW_AWAY) if people.odds(60) else people.mail()
    thief = Buyer(mail, people.address("DE"), card, people.word(), people.chance.choice(TOR))
    for _ in people.times(1, 3):
        diary.order(at, thief, people.amount(450, 0.4), declined=_spent(people), attack=True)
        at = people.after(at, 0.1, 6)


def one_card_many_mails(people: People, diary: Diary) -> None:
    """The card is emptied in two days under other names, to two addresses."""
    at, card = people.start(3), people.stolen_card("DE", complete=True)
    places, device = [people.address("DE") for _ in range(2)], people.word()
    for _ in people.times(4, 8):
        thief = Buyer(people.mail(), people.chance.choice(places), card, device, people.client())
        diary.order(at, thief, people.amount(220, 0.4), declined=_spent(people), attack=True, opening=1)
        at = people.after(at, 0.5, 12)


def many_cards_one_device(people: People, diary: Diary) -> None:
    """A list of cards, one after the other, in one browser."""
    at, device, network = people.start(4), people.word(), people.client()
    place = people.address("DE")
    for _ in people.times(5, 12):
        card = people.stolen_card(people.chance.choice(("DE", "DE", "US", "FR")), complete=people.odds(50))
        thief = Buyer(people.mail(), place if people.odds(50) else people.address("DE"), card, device, network)
        lives = people.odds(70)
        declined = [] if lives else [Declined("stolen_card")]
        diary.order(at, thief, people.amount(250, 0.4), declined=declined, paid=lives, attack=True, opening=1)
        at = people.after(at, 0.3, 9)


def drop_address(people: People, diary: Diary) -> None:
    """Complete cards of this country, each with a fresh name, device and network; one empty flat for weeks."""
    at, drop = people.start(30), people.address("DE")
    for _ in people.times(6, 14):
        name = structs.replace(drop, name=people.address().name)
        thief = Buyer(people.mail(), name, people.stolen_card("DE", complete=True), people.word(), people.client())
        diary.order(at, thief, people.amount(280, 0.4), declined=_spent(people, 25), attack=True, opening=1)
        at = people.after(at, 8, 24 * 4)


def drop_with_invented_flats(people: People, diary: Diary) -> None:
    """The same with another flat's number each time, so that no two addresses are the same; two devices take turns."""
    at, drop, devices = people.start(20), people.address("DE"), [people.word(), people.word()]
    for number in people.times(6, 12):
        place = structs.replace(drop, name=people.address().name, line2=f"Whg. {number * 3 + 1}")
        card = people.stolen_card("DE", complete=True)
        thief = Buyer(people.mail(), place, card, devices[number % 2], people.client())
        diary.order(at, thief, people.amount(280, 0.4), declined=_spent(people, 25), attack=True, opening=2)
        at = people.after(at, 6, 24 * 3)


def freight_forwarder(people: People, diary: Diary) -> None:
    """American cards with everything, goods to a forwarder here, three or four orders a card until it is blocked."""
    at, forwarder = people.start(20), people.address("DE")
    for _ in people.times(3, 5):
        card = people.stolen_card("US", complete=people.odds(50))
        suite = structs.replace(forwarder, line2=f"Suite {people.chance.randint(100, 9999)}")
        thief = Buyer(people.mail(), suite, card, people.word(), people.client())
        for _ in people.times(2, 4):
            diary.order(at, thief, people.amount(380, 0.4), declined=_spent(people, 10), attack=True)
            at = people.after(at, 0.3, 8)
        at = people.after(at, 10, 90)


def patient(people: People, diary: Diary) -> None:
    """Complete cards, a proxy in the holder's town, middling amounts, three drops by turns, a week between."""
    at, drops = people.start(75), [people.address("DE") for _ in range(3)]
    for number in people.times(8, 12):
        place = structs.replace(drops[number % 3], name=people.address().name)
        thief = Buyer(people.mail(), place, people.stolen_card("DE", complete=True), people.word(), people.client())
        diary.order(at, thief, people.amount(130, 0.3), attack=True, opening=3)  # the first to each drop
        at = people.after(at, 60, 190)


def lowers_the_amount(people: People, diary: Diary) -> None:
    """Asks for much, then for less and less, till the bank says yes; then again."""
    at, card = people.start(2), people.stolen_card(people.chance.choice(("DE", "FR", "US")), complete=True)
    thief: Buyer = Buyer(people.mail(), people.address("DE"), card, people.word(), people.client())
    price = 95000
    for _ in people.times(4, 7):
        poor = price > 30000
        declined = [Declined("insufficient_funds")] if poor else []
        diary.order(at, thief, price, declined=declined, paid=not poor, attack=True)
        at += timedelta(minutes=people.chance.uniform(2, 40))
        price = int(price * people.chance.uniform(0.5, 0.8)) if poor else price


def several_cards_at_one_order(people: People, diary: Diary) -> None:
    """One basket, card after card from the list until one lives."""
    at, thief = people.start(3), people.buyer("DE")
    for _ in people.times(2, 4):
        dead: list[Card] = [people.stolen_card(people.chance.choice(("DE", "US", "FR"))) for _ in people.times(2, 5)]
        codes = people.chance.choices(("stolen_card", "generic_decline", "lost_card", "fraudulent"), k=len(dead))
        declined = [Declined(code, card) for code, card in zip(codes, dead, strict=True)]
        used = structs.replace(thief, card=people.stolen_card("DE", complete=True))
        diary.order(at, used, people.amount(300, 0.3), declined=declined, attack=True)
        at = people.after(at, 1, 20)


VARIANTS = [
    Variant("stolen card", crude, 24), Variant("stolen card", one_card_many_mails, 20),
    Variant("stolen card", many_cards_one_device, 20), Variant("stolen card", drop_address, 20),
    Variant("stolen card", drop_with_invented_flats, 16), Variant("stolen card", freight_forwarder, 16),
    Variant("stolen card", patient, 16), Variant("stolen card", lowers_the_amount, 16),
    Variant("stolen card", several_cards_at_one_order, 16),
]  # fmt: skip
