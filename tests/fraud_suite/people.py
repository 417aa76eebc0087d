"""Who shops: names, places, cards, devices and networks made up by a fixed seed.

Where goods go and where cards come from is mixed as in a German shop that sells to its neighbours. Four in a hundred
pay with a card of a bank abroad (Lithuania, Belgium, Ireland) though they live here, as customers of online banks do.
A bank compares the postal code in Britain, Canada and the USA, hardly anywhere else.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from msgspec import structs

from shared.documents.orders import Address
from tests.fraud_suite.traces import BEGIN, DAYS, SEED, Buyer, Card, Declined

COUNTRIES = ("DE", "AT", "FR", "NL", "CH", "GB", "IT", "US")
_SHARES = (62, 10, 7, 7, 4, 5, 3, 2)
_BANKS_ABROAD = ("LT", "BE", "IE")
_COMPARE_POSTAL = ("GB", "US", "CA")
_FIRST = (
    "ada", "ben", "cem", "dora", "emil", "fatma", "gero", "hanna", "ivan", "jana", "kemal", "lena", "maja", "nils",
    "olga", "paul", "rosa", "sven", "tara", "ulf",
)  # fmt: skip
_LAST = (
    "adler", "braun", "celik", "dorn", "ebert", "fuchs", "graf", "haas", "ilic", "jung", "kurz", "lang", "maurer",
    "noack", "otto", "petri", "roth", "seidl",
)  # fmt: skip
_STREETS = (
    "Linden", "Garten", "Mühlen", "Berg", "Schul", "Bahnhof", "Kirch", "Wald", "Rosen", "Ring", "Markt", "Hafen",
    "Wiesen", "Kanal", "Brunnen",
)  # fmt: skip
_CITIES = ("Altstadt", "Neustadt", "Seedorf", "Bergheim", "Auental", "Westhafen", "Moosach", "Rheinau")
_MAIL_HOSTS = ("gmail.com", "gmx.de", "web.de", "icloud.com", "outlook.com", "t-online.de", "proton.me", "posteo.de")
THROW_AWAY = ("mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com", "trashmail.com")
TOR = tuple(f"185.220.101.{number}" for number in range(1, 7))  # exits that good and bad share
_EVERYDAY = ("insufficient_funds", "generic_decline", "do_not_honor", "incorrect_cvc", "authentication_required",
             "expired_card", "try_again_later")  # fmt: skip


class People:
    """Makes up the people of one trace; the same trace always gets the same."""

    def __init__(self, trace: str) -> None:
        self.chance = random.Random(f"{SEED} {trace}")

    # --- when and how much ---------------------------------------------------------------------------------------

    def start(self, days: float = 0) -> datetime:
        """A moment from which so many days are left."""
        return BEGIN + timedelta(days=self.chance.uniform(0, DAYS - days - 1), hours=self.chance.uniform(0, 15))

    def after(self, at: datetime, least: float, most: float) -> datetime:
        """So many hours later."""
        return at + timedelta(hours=self.chance.uniform(least, most))

    def amount(self, median: float = 60, spread: float = 0.7) -> int:
        """Of an order, in cents: most are small, a few are large."""
        return max(300, int(100 * median * self.chance.lognormvariate(0, spread)))

    def times(self, least: int, most: int) -> range:
        return range(self.chance.randint(least, most))

    def odds(self, percent: float) -> bool:
        return self.chance.uniform(0, 100) < percent

    # --- who -----------------------------------------------------------------------------------------------------

    def country(self) -> str:
        return self.chance.choices(COUNTRIES, _SHARES)[0]

    def word(self, letters: int = 12) -> str:
        return "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=letters))

    def mail(self, hosts: Sequence[str] = _MAIL_HOSTS) -> str:
        first, last = self.chance.choice(_FIRST), self.chance.choice(_LAST)
        return f"{first}.{last}{self.chance.randint(1, 99999)}@{self.chance.choice(hosts)}"

    def address(self, country: str = "DE") -> Address:
        name = f"{self.chance.choice(_FIRST)} {self.chance.choice(_LAST)}".title()
        line = f"{self.chance.choice(_STREETS)}straße {self.chance.randint(1, 250)}"
        return Address(name, line, self.chance.choice(_CITIES), f"{self.chance.randint(1000, 99999):05}", country)

    def card(self, country: str = "DE") -> Card:
        """Of somebody good: once in a while the bank finds fault with what its holder typed, and authorizes it."""
        bank = self.chance.choice(_BANKS_ABROAD) if country not in ("US", "GB") and self.odds(4) else country
        cvc = self.chance.choices(("pass", "unavailable", "unchecked", "fail"), (975, 15, 7, 3))[0]
        postal = self.chance.choices(("pass", "fail"), (97, 3))[0] if bank in _COMPARE_POSTAL else "unavailable"
        return Card(self.word(16), bank, cvc, postal)

    def stolen_card(self, country: str, *, complete: bool = False) -> Card:
        """With its security code; `complete`, as "fullz" are sold, with its holder's address too."""
        postal = "unavailable" if country not in _COMPARE_POSTAL else "pass" if complete else "fail"
        return Card(self.word(16), country, "pass", postal)

    def client(self) -> str:
        """An address to call from; three in ten are of IPv6."""
        if self.odds(30):
            return f"2a01:{self.chance.randrange(65536):x}:{self.chance.randrange(65536):x}:1::7"
        return self.client_of_old()

    def client_of_old(self) -> str:
        """One of IPv4, as proxies and mobile providers have them."""
        while not (found := IPv4Address(self.chance.randrange(16777216, 3758096384))).is_global:
            pass
        return str(found)

    def buyer(self, country: str | None = None) -> Buyer:
        """Somebody at home, with a card of their own. One in 25 shows no device: a private window."""
        home = country or self.country()
        device = "" if self.odds(4) else self.word()
        return Buyer(self.mail(), self.address(home), self.card(home), device, self.client())

    def again(self, buyer: Buyer) -> Buyer:
        """The same one another day: often on another network, now and then another device, the code typed right."""
        client = self.client() if self.odds(55) else buyer.client
        card = structs.replace(buyer.card, cvc="pass") if buyer.card.cvc == "fail" else buyer.card
        device = self.word() if self.odds(12) else buyer.device
        return structs.replace(buyer, client=client, card=card, device=device)

    def trouble(self, percent: float = 5) -> list[Declined]:
        """What happens to anybody: a try that the bank refuses before the one it takes."""
        if not self.odds(percent):
            return []
        return [Declined(self.chance.choices(_EVERYDAY, (45, 15, 10, 12, 10, 4, 4))[0])]
