"""One mailbox under many spellings, by people who know that a shop counts mails: a set beside the halves.

After knowledge-base.clear.sale and antiproxies.com (a tag behind a plus sign, dots in a name at Gmail: one mailbox, as
many addresses as one likes, and the codes that a shop mails all arrive); queue-it.com/blog/sneaker-bot-prevention (bots
that vary mail, card, proxy and address by a list); the rest as in resellers.py and card_testing.py. Whoever sorts their
mail by tags, or types their dots now and then, is a customer like any other.

Written before the checks looked at mailboxes, and after the halves were closed: in neither of them. All is fresh each
time but the mailbox, unless it says otherwise, so that what the other marks see is left out.
"""

from collections.abc import Callable
from datetime import timedelta

from msgspec import structs

from tests.fraud_suite.card_testing import try_out
from tests.fraud_suite.people import People
from tests.fraud_suite.shoppers import NEWCOMER
from tests.fraud_suite.traces import Buyer, Diary, Variant

OPENING = 2
PRICE = 19900  # of the scarce thing


def _spelled(people: People) -> Callable[[], str]:
    """Another spelling of one mailbox each time: tags anywhere, at Gmail dots by turns."""
    name, host = people.mail().split("@")
    dots = host == "gmail.com"

    def spelling() -> str:
        if not dots or people.odds(50):
            return f"{name}+{people.word(5)}@{host}"
        letters = name.replace(".", "")
        return "".join(f"{each}." if people.odds(30) else each for each in letters[:-1]) + f"{letters[-1]}@{host}"

    return spelling


def _anew(people: People, mail: str) -> Buyer:
    return Buyer(mail, people.address("DE"), people.card("DE"), people.word(), people.client_of_old())


def spelled_bot(people: People, diary: Diary) -> None:
    """A virtual card, a proxy, a clean browser and another helper's address for each order."""
    at, mail = people.start(1), _spelled(people)
    for _ in people.times(8, 20):
        diary.order(at, _anew(people, mail()), PRICE, attack=True, opening=OPENING)
        at += timedelta(seconds=people.chance.uniform(5, 60))


def spelled_bot_by_the_day(people: People, diary: Diary) -> None:
    """The same at a human pace, a few orders a day for a week, with three cards by turns."""
    at, mail, cards = people.start(9), _spelled(people), [people.card("DE") for _ in range(3)]
    for number in people.times(10, 20):
        one = structs.replace(_anew(people, mail()), card=cards[number % 3])
        diary.order(at, one, PRICE, attack=True, opening=OPENING)
        at = people.after(at, 2, 8)


def spelled_tester(people: People, diary: Diary) -> None:
    """Another machine, address and spelling for each stolen card."""
    mail = _spelled(people)

    def tester() -> Buyer:
        return _anew(people, mail())

    try_out(people, diary, people.start(2), people.chance.randint(30, 60), (0.02, 0.3), tester)


def spelled_tester_slow(people: People, diary: Diary) -> None:
    """Four to eight cards a day for a week, at ordinary prices."""
    mail = _spelled(people)

    def tester() -> Buyer:
        return _anew(people, mail())

    prices = (900, 3500)
    try_out(people, diary, people.start(9), people.chance.randint(25, 45), (3, 6), tester, amount=prices, live=35)


def spelled_newcomer(people: People, diary: Diary) -> None:
    """A newcomer's code again and again, to another address each time."""
    at, mail = people.start(20), _spelled(people)
    for _ in people.times(5, 10):
        one = _anew(people, mail())
        diary.order(at, one, people.amount(45, 0.4), codes=[NEWCOMER], attack=True, opening=1)
        at = people.after(at, 2, 60)


def spelled_claims(people: People, diary: Diary) -> None:
    """Never arrived, says somebody else each time; the parcels go to helpers."""
    at, mail = people.start(80), _spelled(people)
    for _ in people.times(5, 8):
        back = timedelta(days=people.chance.uniform(2, 6))
        diary.order(at, _anew(people, mail()), people.amount(120, 0.4), attack=True, opening=2, money_back=back)
        at = people.after(at, 24 * 7, 24 * 14)


def tags_every_order(people: People, diary: Diary) -> None:
    """Somebody at home who gives each order a tag of its own, often two in a week; a code once."""
    at, buyer = people.start(120), people.buyer()
    name, host = buyer.mail.split("@")
    for number in people.times(3, 9):
        tagged = structs.replace(people.again(buyer), mail=f"{name}+{people.word(4)}@{host}")
        codes = [NEWCOMER] if number == 0 and people.odds(40) else []
        diary.order(at, tagged, people.amount(), codes=codes, declined=people.trouble())
        at = people.after(at, 40, 24 * 20)


def types_dots(people: People, diary: Diary) -> None:
    """Gmail, with and without the dot, from two devices of their own, and sometimes googlemail.com."""
    at, buyer = people.start(120), people.buyer()
    name, devices = buyer.mail.split("@")[0], [people.word() for _ in range(2)]
    for _ in people.times(3, 9):
        spelled = name if people.odds(60) else name.replace(".", "")
        host = "gmail.com" if people.odds(80) else "googlemail.com"
        again = people.again(buyer)
        one = structs.replace(again, mail=f"{spelled}@{host}", device=people.chance.choice(devices))
        diary.order(at, one, people.amount(), declined=people.trouble())
        at = people.after(at, 40, 24 * 20)


def family_of_tags(people: People, diary: Diary) -> None:
    """One mailbox and one tag for each of a family; each has a card and a telephone, all live behind one door."""
    at, home = people.start(120), people.buyer()
    name, host = home.mail.split("@")
    tags = [f"{name}+{tag}@{host}" for tag in ("kim", "robin", "alex")]
    members = [structs.replace(home, mail=mail, card=people.card(home.address.country), device=people.word())
               for mail in (home.mail, *tags)]  # fmt: skip
    for _ in people.times(6, 14):
        diary.order(at, people.again(people.chance.choice(members)), people.amount(), declined=people.trouble())
        at = people.after(at, 20, 24 * 14)


def company_of_tags(people: People, diary: Diary) -> None:
    """A small company with one mailbox: whoever orders adds their name behind the plus sign; two cards, one office."""
    at, office = people.start(120), people.buyer("DE")
    name, host = office.mail.split("@")
    cards = [people.card("DE") for _ in range(2)]
    for _ in people.times(8, 16):
        who = people.chance.choice(("office", "lab", "store", "shop"))
        mail, card = f"{name}+{who}@{host}", people.chance.choice(cards)
        one = structs.replace(office, mail=mail, card=card, device=f"{name} {who}")
        diary.order(at, one, people.amount(90), declined=people.trouble())
        at = people.after(at, 5, 24 * 10)


VARIANTS = [
    Variant("reseller", spelled_bot, 16), Variant("reseller", spelled_bot_by_the_day, 16),
    Variant("card testing", spelled_tester, 16), Variant("card testing", spelled_tester_slow, 16),
    Variant("coupon abuse", spelled_newcomer, 16), Variant("refund abuse", spelled_claims, 16),
    Variant("good", tags_every_order, 40), Variant("good", types_dots, 40), Variant("good", family_of_tags, 30),
    Variant("good", company_of_tags, 20),
]  # fmt: skip
