"""What happened to accounts and sessions. Aggregates: `account` (key `account:<id>`), `session` (key `session:<id>`).

Personal fields (`mail`, `address`) are ciphertext under the person's key (`shared.sealed`). A password, and what is
kept of one, never comes into the log.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class SignedUp(Struct, frozen=True, omit_defaults=True, tag="accounts.signed_up.v1"):
    """An account that nobody can sign in to before its mail address is confirmed."""

    account_id: UUID
    person_id: UUID
    mail: str  # sealed
    locale: str = ""  # that they read, where it is not the shop's own


class AccountConfirmed(Struct, frozen=True, tag="accounts.account_confirmed.v1"):
    """Who has the account has the mailbox, too."""

    account_id: UUID


class PasswordChanged(Struct, frozen=True, tag="accounts.password_changed.v1"):
    account_id: UUID
    how: Literal["changed", "reset"]  # by whoever knew the one before, or by a link in a mail


class GroupsSet(Struct, frozen=True, tag="accounts.groups_set.v1"):
    """The customer groups it is in from now on."""

    account_id: UUID
    groups: list[str]


class LanguageChosen(Struct, frozen=True, tag="accounts.language_chosen.v1"):
    """What its person reads from now on."""

    account_id: UUID
    locale: str  # empty: the shop's own


class AddressSaved(Struct, frozen=True, tag="accounts.address_saved.v1"):
    """Put into the address book, or in place of what it said before."""

    account_id: UUID
    address_id: UUID
    address: str  # sealed JSON of an Address


class AddressRemoved(Struct, frozen=True, tag="accounts.address_removed.v1"):
    account_id: UUID
    address_id: UUID


class DefaultAddressSet(Struct, frozen=True, tag="accounts.default_address_set.v1"):
    account_id: UUID
    address_id: UUID


class AccountErased(Struct, frozen=True, tag="accounts.account_erased.v1"):
    """The person was erased: mail and addresses are gone, and nobody signs in any more."""

    account_id: UUID
    person_id: UUID


class SessionOpened(Struct, frozen=True, tag="accounts.session_opened.v1"):
    session_id: UUID
    account_id: UUID
    person_id: UUID
    secret_sha256: str  # hex; the secret has 256 random bits, so a plain hash is enough
    expires_at: datetime
    how: Literal["password", "confirmation", "reset"]


class SignInFailed(Struct, frozen=True, tag="accounts.sign_in_failed.v1"):
    """A session that was not opened. Without an account: nobody has one by the address that was tried."""

    session_id: UUID
    account_id: UUID | None


class SessionEnded(Struct, frozen=True, tag="accounts.session_ended.v1"):
    session_id: UUID
    account_id: UUID
    reason: Literal["signed_out", "signed_out_everywhere", "password_changed", "too_many", "erased"]


AccountEvent = (
    SignedUp
    | AccountConfirmed
    | PasswordChanged
    | GroupsSet
    | LanguageChosen
    | AddressSaved
    | AddressRemoved
    | DefaultAddressSet
    | AccountErased
)
SessionEvent = SessionOpened | SignInFailed | SessionEnded
