"""Good shoppers on their own, among them those whom shops wrongly turn away.

Whom: the sender of gifts, the traveller, the expatriate, the new customer with a large order, the corporate buyer
(riskified.com "five archetypes" of false declines; chargebackgurus.com/blog/holiday-false-declines on new customers at
Christmas). About one payment in twenty is declined at first. 20 to 30 % of online orders are returned, of fashion 30 to
40 % (bestforecommerce.com, redstagfulfillment.com), so many a good customer gets money back again and again.
"""

from datetime import timedelta

from msgspec import structs

from tests.fraud_suite.people import COUNTRIES, THROW_AWAY, TOR, People
from tests.fraud_suite.traces import Declined, Diary, Variant

NEWCOMER = "WELCOME10"  # on any first order


def one_time_guest(people: People, diary: Diary) -> None:
    codes = [NEWCOMER] if people.odds(25) else []
    diary.order(people.start(), people.buyer(), people.amount(), codes=codes, declined=people.trouble())


def returning(people: People, diary: Diary) -> None:
    """Over months, with another card or from another place now and then; one order in six is sent back."""
    at, buyer = people.start(120), people.buyer()
    for number in people.times(2, 8):
        back = timedelta(days=people.chance.uniform(6, 25)) if people.odds(16) else None
        codes = [NEWCOMER] if number == 0 and people.odds(25) else []
        diary.order(at, buyer, people.amount(), codes=codes, declined=people.trouble(), money_back=back)
        at, buyer = people.after(at, 48, 24 * 30), people.again(buyer)
        if people.odds(6):
            buyer = structs.replace(buyer, card=people.card(buyer.address.country))


def sender_of_gifts(people: People, diary: Diary) -> None:
    """To friends elsewhere, one in three of them abroad, some before having bought anything for themselves."""
    at, buyer = people.start(60), people.buyer()
    for _ in people.times(1, 4):
        country = people.chance.choice(COUNTRIES) if people.odds(33) else buyer.address.country
        gift = structs.replace(people.again(buyer), address=people.address(country))
        diary.order(at, gift, people.amount(70), declined=people.trouble())
        at = people.after(at, 0.2, 24 * 18)


def declined_once(people: People, diary: Diary) -> None:
    diary.order(people.start(), people.buyer(), people.amount(), declined=people.trouble(100))


def declined_three_times(people: People, diary: Diary) -> None:
    """A wrong security code, or an empty account, until another card is fetched."""
    buyer = people.buyer()
    empty = Declined(people.chance.choice(("incorrect_cvc", "insufficient_funds", "generic_decline")), buyer.card)
    other = structs.replace(buyer, card=people.card(buyer.address.country))
    diary.order(people.start(), other, people.amount(90), declined=[empty] * 3)


def mistypes(people: People, diary: Diary) -> None:
    """Older people: the number, then the code wrong; some begin anew because their mail address was wrong, too."""
    at, buyer = people.start(1), people.buyer()
    wrong = [Declined(code, buyer.card) for code in people.chance.choices(("incorrect_number", "incorrect_cvc"), k=2)]
    if people.odds(50):
        typo = structs.replace(buyer, mail=buyer.mail.replace(".", "", 1))
        diary.order(at, typo, 4990, declined=wrong[:1], paid=people.odds(30))
        at = people.after(at, 0.1, 0.8)
    diary.order(at, buyer, 4990, declined=wrong)


def large_order(people: People, diary: Diary) -> None:
    """A kitchen, a bicycle: the first order of most of them."""
    at, buyer = people.start(40), people.buyer()
    if people.odds(30):
        diary.order(at, buyer, people.amount())
        at, buyer = people.after(at, 100, 800), people.again(buyer)
    diary.order(at, buyer, people.amount(1900, 0.4), declined=people.trouble(12))


def traveller(people: People, diary: Diary) -> None:
    """Known at home, then to a hotel or a holiday flat in another country, from there."""
    at, buyer = people.start(60), people.buyer()
    if people.odds(60):
        diary.order(at, buyer, people.amount())
    away = people.chance.choice([country for country in COUNTRIES if country != buyer.address.country])
    abroad = structs.replace(buyer, address=people.address(away), client=people.client())
    for _ in people.times(1, 2):
        at = people.after(at, 24, 24 * 20)
        diary.order(at, abroad, people.amount(), declined=people.trouble(10))


def card_from_abroad(people: People, diary: Diary) -> None:
    """Lives here, banks where they come from."""
    at, home = people.start(90), people.country()
    bank = people.chance.choice(("US", "GB", "IT", "PL", "ES", "IN", "TR"))
    buyer = structs.replace(people.buyer(home), card=people.card(bank))
    for _ in people.times(1, 4):
        diary.order(at, buyer, people.amount(), declined=people.trouble())
        at, buyer = people.after(at, 48, 24 * 22), people.again(buyer)


def sends_back_much(people: People, diary: Diary) -> None:
    """Fashion: ordered to be tried on. Money comes back of 25 to 50 % of the orders, for some of it or all."""
    at, buyer = people.start(150), people.buyer()
    share = people.chance.uniform(25, 50)
    for _ in people.times(4, 10):
        back = timedelta(days=people.chance.uniform(8, 25)) if people.odds(share) else None
        diary.order(at, buyer, people.amount(80), declined=people.trouble(), money_back=back)
        at, buyer = people.after(at, 100, 24 * 15), people.again(buyer)


def marks_their_mail(people: People, diary: Diary) -> None:
    """One person who gives each shop, or each order, its own address behind a plus sign, or of a service of aliases."""
    at, buyer = people.start(150), people.buyer()
    name, host = buyer.mail.split("@")
    for number in people.times(2, 4):
        tagged = structs.replace(people.again(buyer), mail=f"{name}+shop{number}@{host}")
        codes = [NEWCOMER] if number == 0 and people.odds(25) else []
        diary.order(at, tagged, people.amount(), codes=codes, declined=people.trouble())
        at = people.after(at, 200, 24 * 45)


def keeps_private(people: People, diary: Diary) -> None:
    """Never the same device twice, behind an exit that many share, under an alias for the mail."""
    at, buyer = people.start(100), people.buyer()
    for _ in people.times(1, 4):
        hidden = structs.replace(
            buyer, device=people.word() if people.odds(60) else "", client=people.chance.choice(TOR),
            mail=f"{people.word(9)}@duck.com",
        )  # fmt: skip
        diary.order(at, hidden, people.amount(), declined=people.trouble())
        at = people.after(at, 200, 24 * 30)


def throw_away_mail(people: People, diary: Diary) -> None:
    """Somebody who wants no advertisements."""
    buyer = structs.replace(people.buyer(), mail=people.mail(THROW_AWAY))
    diary.order(people.start(), buyer, people.amount(35), declined=people.trouble())


def new_card_after_a_theft(people: People, diary: Diary) -> None:
    """A known customer tries the card they had reported lost, or that has run out, and then the new one."""
    at, buyer = people.start(120), people.buyer()
    for _ in people.times(1, 4):
        diary.order(at, buyer, people.amount())
        at = people.after(at, 200, 24 * 20)
    old = Declined(people.chance.choice(("lost_card", "expired_card", "generic_decline")), buyer.card)
    diary.order(at, structs.replace(buyer, card=people.card(buyer.address.country)), people.amount(), declined=[old])


def forgot_something(people: People, diary: Diary) -> None:
    """Two to four orders within a day."""
    at, buyer = people.start(2), people.buyer()
    for _ in people.times(2, 4):
        diary.order(at, buyer, people.amount(40), declined=people.trouble())
        at = people.after(at, 0.1, 7)


def moved_house(people: People, diary: Diary) -> None:
    """A known customer with another address, often another computer, and furniture to buy: looks like a takeover."""
    at, buyer = people.start(150), people.buyer()
    for _ in people.times(2, 5):
        diary.order(at, buyer, people.amount(55))
        at, buyer = people.after(at, 100, 24 * 20), people.again(buyer)
    device = people.word() if people.odds(35) else buyer.device
    moved = structs.replace(buyer, address=people.address(buyer.address.country), client=people.client(), device=device)
    for _ in people.times(1, 3):
        diary.order(at, moved, people.amount(150), declined=people.trouble())
        at = people.after(at, 10, 24 * 8)


def new_telephone(people: People, diary: Diary) -> None:
    """A known customer with another device and network, to where they always have it sent."""
    at, buyer = people.start(120), people.buyer()
    for _ in people.times(1, 4):
        diary.order(at, buyer, people.amount())
        at = people.after(at, 100, 24 * 20)
    diary.order(at, structs.replace(buyer, device=people.word(), client=people.client()), people.amount(90))


def orders_for_others(people: People, diary: Diary) -> None:
    """A carer, a grandchild: one card and one mail address, five homes."""
    at, buyer = people.start(100), people.buyer("DE")
    homes = [people.address("DE") for _ in range(people.chance.randint(3, 6))]
    for _ in people.times(4, 10):
        diary.order(at, structs.replace(buyer, address=people.chance.choice(homes)), people.amount(45))
        at, buyer = people.after(at, 5, 24 * 9), people.again(buyer)


VARIANTS = [
    Variant("good", one_time_guest, 2400), Variant("good", returning, 450), Variant("good", sender_of_gifts, 160),
    Variant("good", declined_once, 160), Variant("good", declined_three_times, 60), Variant("good", mistypes, 60),
    Variant("good", large_order, 80), Variant("good", traveller, 70), Variant("good", card_from_abroad, 60),
    Variant("good", sends_back_much, 80), Variant("good", marks_their_mail, 40), Variant("good", keeps_private, 50),
    Variant("good", throw_away_mail, 20), Variant("good", new_card_after_a_theft, 30),
    Variant("good", forgot_something, 60), Variant("good", moved_house, 50), Variant("good", new_telephone, 40),
    Variant("good", orders_for_others, 14),
]  # fmt: skip
