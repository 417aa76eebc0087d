"""Coupon abuse: one person is a newcomer again and again.

After antiproxies.com/blog/coupon-abuse-and-promo-fraud (throw-away mail, residential proxy, antidetect browser,
repeat), paymentsandrisk.com/docs/fraud/types/promo-abuse (the device or the card gives "different" accounts away),
knowledge-base.clear.sale (the work of rings more than of single people). Gmail reads a name with dots anywhere, and
with anything behind a plus sign, as the same mailbox.

The first two uses at one door are a couple's.
"""

from datetime import datetime

from msgspec import structs

from tests.fraud_suite.people import THROW_AWAY, People
from tests.fraud_suite.shoppers import NEWCOMER
from tests.fraud_suite.traces import Buyer, Diary, Variant

OPENING = 2


def _uses(people: People, diary: Diary, at: datetime, farmer: Buyer) -> None:
    amount = people.amount(45, 0.4)
    diary.order(at, farmer, amount, codes=[NEWCOMER], declined=people.trouble(4), attack=True, opening=OPENING)


def plus_signs(people: People, diary: Diary) -> None:
    """Crude: the same person, card, browser and home, another tag."""
    at, one = people.start(10), people.buyer("DE")
    name = one.mail.split("@")[0]
    for number in people.times(5, 14):
        _uses(people, diary, at, structs.replace(one, mail=f"{name}+{number}@gmail.com"))
        at = people.after(at, 0.05, 30)


def dots(people: People, diary: Diary) -> None:
    """The dots wander, the browser is a private window, the card and the home are the same."""
    at, one = people.start(20), people.buyer("DE")
    name = one.mail.split("@")[0].replace(".", "")
    for number in people.times(5, 9):
        dotted = f"{name[: number + 1]}.{name[number + 1 :]}@gmail.com"
        _uses(people, diary, at, structs.replace(people.again(one), mail=dotted, device=people.word()))
        at = people.after(at, 2, 60)


def throw_away_mails(people: People, diary: Diary) -> None:
    """Throw-away mails and virtual cards; the home and the browser stay."""
    at, one = people.start(15), people.buyer("DE")
    for _ in people.times(5, 12):
        _uses(people, diary, at, structs.replace(one, mail=people.mail(THROW_AWAY), card=people.card("DE")))
        at = people.after(at, 0.2, 40)


def jigged_addresses(people: People, diary: Diary) -> None:
    """Ordinary mails, virtual cards, the door written another way; the browser stays."""
    at, one = people.start(15), people.buyer("DE")
    device = one.device or people.word()
    for number in people.times(5, 10):
        place = structs.replace(one.address, line2=f"Etage {number} {people.word(2)}")
        farmer = Buyer(people.mail(), place, people.card("DE"), device, people.client())
        _uses(people, diary, at, farmer)
        at = people.after(at, 0.2, 40)


def careful(people: People, diary: Diary) -> None:
    """A clean browser and a proxy each time; two or three cards, home and work by turns, over four weeks."""
    at, places = people.start(32), [people.address("DE") for _ in range(2)]
    cards = [people.card("DE") for _ in range(3)]
    for number in people.times(6, 10):
        place, card = places[number % 2], people.chance.choice(cards)
        _uses(people, diary, at, Buyer(people.mail(), place, card, people.word(), people.client_of_old()))
        at = people.after(at, 24, 110)


def ring(people: People, diary: Diary) -> None:
    """Rented browsers and bought accounts by the dozen in a night, from one server, to five doors."""
    at, doors, network = people.start(1), [people.address("DE") for _ in range(5)], people.client_of_old()
    for _ in people.times(15, 30):
        place = structs.replace(people.chance.choice(doors), name=people.address().name)
        _uses(people, diary, at, Buyer(people.mail(), place, people.card("DE"), people.word(), network))
        at = people.after(at, 0.05, 0.5)


VARIANTS = [
    Variant("coupon abuse", plus_signs, 20), Variant("coupon abuse", dots, 16),
    Variant("coupon abuse", throw_away_mails, 16), Variant("coupon abuse", jigged_addresses, 16),
    Variant("coupon abuse", careful, 16), Variant("coupon abuse", ring, 12),
]  # fmt: skip
