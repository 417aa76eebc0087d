"""What a try is compared with, as the rules see it: how often its marks were seen, and what its customer did before."""

from msgspec import Struct


class Near(Struct, frozen=True):
    """How often the same mark was seen lately. Cards, persons and doors include the try itself, all else comes before.

    Spans of time end with the try; where none is named it is half a year.
    """

    declines_day: int = 0  # tries declined
    hard_declines_day: int = 0  # of them those by which a bank says that the card is not its holder's
    cards_day: int = 0  # different cards
    persons: int = 0  # different mailboxes
    persons_month: int = 0
    persons_week: int = 0
    spellings_day: int = 0  # different mails, as they are spelled
    doors_month: int = 0  # different places
    orders: int = 0  # different orders that were authorized
    orders_day: int = 0
    orders_hour: int = 0
    code_persons: int = 0  # other mails that used one of the same codes
    paid: int = 0  # different other orders accepted
    paid_minor: int = 0  # what those in this currency came to
    refunded: int = 0  # of them those from which money went back
    refunded_minor: int = 0
    kept: int = 0  # of them those old enough for it, from which none did, and nothing is owed of them
    let_through: int = 0  # of them those that had been held, until a person let them through
    stopped: int = 0  # other orders held and not let through, or refused
    stopped_codes: int = 0  # of them those of other mails with one of the same codes
    refused: int = 0  # of them those refused, by a person or by the rules
    lapsed: int = 0  # other orders that were held, and nobody decided: not in time, or the buyer cancelled
    disputed: int = 0  # other orders of which a bank took the money back, or wants to


class Known(Struct, frozen=True):
    """What this person did before."""

    paid: int = 0  # orders accepted
    highest_minor: int = 0  # the dearest of them in this currency
    card: bool = False  # paid with this card before
    address: bool = False
    device: bool = False
    network: bool = False


class Seen(Struct, frozen=True):
    """All that a try is compared with."""

    person: Near = Near()
    card: Near = Near()
    device: Near = Near()
    door: Near = Near()  # the address without its second line
    network: Near = Near()
    known: Known = Known()
    hard_declines_of_payment: int = 0
