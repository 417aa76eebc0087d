"""Accounts and sessions, pure: who may do what, and what each event makes of them."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.bearer import Presented, opens
from shared.events.accounts import (
    AccountConfirmed,
    AccountErased,
    AccountEvent,
    AddressRemoved,
    AddressSaved,
    DefaultAddressSet,
    GroupsSet,
    LanguageChosen,
    PasswordChanged,
    SessionEnded,
    SessionEvent,
    SessionOpened,
    SignedUp,
    SignInFailed,
)
from write_side.errors import Invalid, NotFound, Refusal

SESSION_LIFE = timedelta(days=30)
LINK_LIFE = {"confirm": timedelta(days=2), "reset": timedelta(hours=1)}
NOTE_LIFE = timedelta(days=2)  # of a mail that holds no link: not sent by then, it is no news any more
MOST_ADDRESSES = 50
MOST_SESSIONS = 50  # of one account; with the next one the oldest ends
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
FEWEST_CHARACTERS = 5  # different ones


class WeakPassword(Invalid):
    """Too easily guessed: too few different characters, or the mail address itself."""

    code = "weak_password"


class WrongCredentials(Refusal):
    """No account has this mail address and this password; which of them is wrong is not told."""

    status = 401
    code = "wrong_credentials"


class TokenRefused(Refusal):
    """The link was used, has expired, was replaced, or never was; or the password isn't the one it goes with."""

    status = 403
    code = "token_refused"


class TooManyAttempts(Refusal):
    """This was tried too often, by this client or about this account."""

    status = 429
    code = "too_many_attempts"


class UnknownAddress(NotFound):
    """The address book has no such entry."""

    code = "unknown_address"


class TooManyAddresses(Refusal):
    """The address book is full."""

    status = 422
    code = "too_many_addresses"


class HeldAddress(Struct, frozen=True):
    """An entry of the address book."""

    id: UUID
    address: str  # sealed JSON of an Address


class Account(Struct, frozen=True):
    """An account as it is kept; the hash of its password stands beside it."""

    id: UUID
    person_id: UUID
    mail: str  # sealed; empty once erased
    state: Literal["unconfirmed", "confirmed", "erased"]
    groups: list[str]
    addresses: list[HeldAddress]
    default_address_id: UUID | None
    version: int
    locale: str = ""  # that its person reads; empty: the shop's own


class Session(Struct, frozen=True):
    """A session as it is kept; a failed sign-in is one that was never open."""

    id: UUID
    account_id: UUID | None
    person_id: UUID | None
    secret_sha256: str
    expires_at: datetime | None
    state: Literal["open", "failed", "ended"]
    version: int

    @property
    def revoked(self) -> bool:
        """Whether it opens nothing, whatever the time."""
        return self.state != "open"


class SignedIn(Struct, frozen=True):
    """Who a session stands for: what prices, limits and rules about customers go by."""

    session_id: UUID
    account_id: UUID
    person_id: UUID
    groups: frozenset[str]

    @property
    def actor(self) -> str:
        """As the metadata of events names them."""
        return actor_of(self.account_id)


def actor_of(account_id: UUID) -> str:
    """An account, as the metadata of events names it."""
    return f"account:{account_id}"


def unproven(account_id: UUID | None) -> str:
    """Somebody who said to have an account, or an address that has none, and didn't know its password."""
    return "unproven" if account_id is None else f"unproven:{account_id}"


def check_password(password: str, mail: str | None = None) -> None:
    """Raises `WeakPassword`. Length is what protects one; rules about digits only make people write it down."""
    few = len(set(password)) < FEWEST_CHARACTERS
    if few or (mail is not None and password.strip().casefold() == mail.strip().casefold()):
        detail = f"at least {FEWEST_CHARACTERS} different characters, and not the mail address"
        raise WeakPassword(detail, pointer="/password")


def check_room(account: Account) -> None:
    """Raises `TooManyAddresses`."""
    if len(account.addresses) >= MOST_ADDRESSES:
        raise TooManyAddresses(f"an address book holds at most {MOST_ADDRESSES}", most=MOST_ADDRESSES)


def check_entry(account: Account, address_id: UUID) -> None:
    """Raises `UnknownAddress`."""
    if all(held.id != address_id for held in account.addresses):
        raise UnknownAddress(f"the address book has no entry {address_id}")


def letter_for(account: Account | None) -> Literal["confirm", "known"]:
    """What is written to an address that somebody signs up with."""
    return "known" if account is not None and account.state == "confirmed" else "confirm"


def holder(session: Session | None, groups: list[str], shown: Presented, now: datetime) -> SignedIn | None:
    """Who holds this session, None if it opens nothing (any more)."""
    if session is None or not opens(shown, session, now):
        return None
    assert session.account_id is not None
    assert session.person_id is not None
    return SignedIn(session.id, session.account_id, session.person_id, frozenset(groups))


def evolve(account: Account | None, event: AccountEvent, version: int) -> Account:
    """An account after an event."""
    if isinstance(event, SignedUp):
        e = event
        return Account(e.account_id, e.person_id, e.mail, "unconfirmed", [], [], None, version, e.locale)
    assert account is not None, "an account's history begins with SignedUp"
    match event:
        case AccountConfirmed():
            account = structs.replace(account, state="confirmed")
        case PasswordChanged():
            pass
        case GroupsSet():
            account = structs.replace(account, groups=event.groups)
        case LanguageChosen():
            account = structs.replace(account, locale=event.locale)
        case AddressSaved():
            account = structs.replace(account, addresses=_with(account.addresses, event))
        case AddressRemoved():
            account = _without(account, event.address_id)
        case DefaultAddressSet():
            account = structs.replace(account, default_address_id=event.address_id)
        case AccountErased():
            account = structs.replace(account, state="erased", mail="", addresses=[], default_address_id=None)
    return structs.replace(account, version=version)


def _with(addresses: list[HeldAddress], saved: AddressSaved) -> list[HeldAddress]:
    entry = HeldAddress(saved.address_id, saved.address)
    if any(held.id == entry.id for held in addresses):
        return [entry if held.id == entry.id else held for held in addresses]
    return [*addresses, entry]


def _without(account: Account, address_id: UUID) -> Account:
    kept = [held for held in account.addresses if held.id != address_id]
    default = None if account.default_address_id == address_id else account.default_address_id
    return structs.replace(account, addresses=kept, default_address_id=default)


def evolve_session(session: Session | None, event: SessionEvent, version: int) -> Session:
    """A session after an event."""
    match event:
        case SessionOpened():
            return Session(
                event.session_id, event.account_id, event.person_id, event.secret_sha256, event.expires_at, "open",
                version,
            )  # fmt: skip
        case SignInFailed():
            return Session(event.session_id, event.account_id, None, "", None, "failed", version)
        case SessionEnded():
            assert session is not None, "a session's history begins when it is opened"
            return structs.replace(session, state="ended", version=version)
