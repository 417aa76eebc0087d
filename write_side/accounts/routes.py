"""Accounts over HTTP. Passwords and tokens stand in bodies: paths and headers may be logged.

A session is a bearer token, as staff have: `Authorization: Bearer ds_…`.
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from shared.locales import PATTERN, Languages
from write_side.accounts import address_book, changing_passwords, languages, sessions, signing_up, staff
from write_side.accounts.address_book import OwnAccount, SavedAddress
from write_side.accounts.changing_passwords import PasswordIsNew
from write_side.accounts.desk import NewSession
from write_side.accounts.domain import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    TokenRefused,
    TooManyAddresses,
    TooManyAttempts,
    UnknownAddress,
    WeakPassword,
    WrongCredentials,
)
from write_side.accounts.languages import Reads
from write_side.accounts.passwords import HashingBusy
from write_side.accounts.sessions import SignedOut
from write_side.accounts.signing_up import Asked
from write_side.accounts.staff import AccountState, UnknownAccount
from write_side.customers import LONGEST_MAIL, AddressInput, BrokenAddress, BrokenMail, KeyringUnavailable
from write_side.http import Answered, Shown, answered, cause, client, requires, requires_session, session, shown
from write_side.resources import Own

Call = Request[Any, Any, Any]
Mail = Annotated[str, Meta(min_length=1, max_length=LONGEST_MAIL)]
NewPassword = Annotated[str, Meta(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
Password = Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]
Token = Annotated[str, Meta(min_length=1, max_length=100)]
Group = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}(?!\n)$")]
MOST_GROUPS = 20
Locale = Annotated[str, Meta(pattern=PATTERN)]


class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org", "password": "correct horse battery", "locale": "de-AT"}`."""

    mail: Mail
    password: NewPassword
    locale: Locale | None = None  # that mails are to be in; one that the shop doesn't offer is its own


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org", "password": "correct horse battery"}`."""

    mail: Mail
    password: Password


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of the mail's link, and the password that was chosen when signing up."""

    token: Token
    password: Password


class ResetWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org"}`."""

    mail: Mail


class Reset(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of the mail's link, and the new password."""

    token: Token
    password: NewPassword


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The password until now, and the one from now on."""

    current: Password
    password: NewPassword


class Groups(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"groups": ["wholesale", "staff"]}`: all of them; those left out it is in no more."""

    groups: Annotated[list[Group], Meta(max_length=MOST_GROUPS)]


class WhoseAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org"}`."""

    mail: Mail


@post("/v1/accounts", status_code=202)
@refuses(BrokenMail, WeakPassword, TooManyAttempts, HashingBusy, KeyringUnavailable)
async def post_account(request: Call, data: JSONBody[SignUp], own: Own) -> Answered[Asked]:
    """Sign up. The answer is the same whether there is an account by that address or not; the mail tells its owner."""
    locale, where = Languages(own.settings.languages).kept(data.locale), client(request, own)
    answer = await signing_up.sign_up(own.accounts, data.mail, data.password, where, cause(request), locale)
    return answered(request, answer, 202)


@post("/v1/accounts/confirmations", status_code=201)
@refuses(TokenRefused, TooManyAttempts, HashingBusy)
async def post_confirmation(request: Call, data: JSONBody[Confirmation], own: Own) -> Answered[NewSession]:
    """Confirm the mail address: by the link's token and the password that was chosen. The answer is a session."""
    where = client(request, own)
    answer = await signing_up.confirm(own.accounts, data.token, data.password, where, cause(request))
    return answered(request, answer, 201)


@post("/v1/sessions", status_code=201)
@refuses(WrongCredentials, TooManyAttempts, HashingBusy, KeyringUnavailable)
@leads_to(Link("get_session", {}), Link("delete_session", {}))
async def post_session(request: Call, data: JSONBody[Credentials], own: Own) -> Answered[NewSession]:
    """Sign in. The answer shows the session's token once; it is good for 30 days."""
    answer = await sessions.sign_in(own.accounts, data.mail, data.password, client(request, own), cause(request))
    return answered(request, answer, 201)


class Who(Struct, frozen=True):
    """Who a session stands for."""

    session_id: UUID
    account_id: UUID
    groups: list[str]


@get("/v1/sessions/current", guards=[requires_session])
async def get_session(request: Call) -> Shown[Who]:
    """Who is signed in."""
    who = session(request)
    return shown(Who(who.session_id, who.account_id, sorted(who.groups)))


@delete("/v1/sessions/current", status_code=200, guards=[requires_session])
async def delete_session(request: Call, own: Own) -> Answered[SignedOut]:
    """Sign out: this session opens nothing any more."""
    return answered(request, await sessions.sign_out(own.pool, session(request), cause(request)))


@delete("/v1/sessions", status_code=200, guards=[requires_session])
async def delete_sessions(request: Call, own: Own) -> Answered[SignedOut]:
    """Sign out everywhere."""
    return answered(request, await sessions.sign_out_everywhere(own.pool, session(request), cause(request)))


@post("/v1/accounts/password-resets", status_code=202)
@refuses(BrokenMail, TooManyAttempts, KeyringUnavailable)
async def post_password_reset(request: Call, data: JSONBody[ResetWanted], own: Own) -> Answered[Asked]:
    """Ask for a new password. The answer is the same whether there is an account by that address or not."""
    answer = await changing_passwords.ask_for_reset(own.accounts, data.mail, client(request, own))
    return answered(request, answer, 202)


@post("/v1/accounts/password-resets/complete", status_code=201)
@refuses(TokenRefused, WeakPassword, TooManyAttempts, HashingBusy, KeyringUnavailable)
async def post_new_password(request: Call, data: JSONBody[Reset], own: Own) -> Answered[NewSession]:
    """Choose a new password by the token of a link, once. All sessions end; the answer is a new one."""
    where = client(request, own)
    answer = await changing_passwords.reset(own.accounts, data.token, data.password, where, cause(request))
    return answered(request, answer, 201)


@put("/v1/account/password", guards=[requires_session])
@refuses(WrongCredentials, WeakPassword, TooManyAttempts, HashingBusy, KeyringUnavailable)
async def put_password(request: Call, data: JSONBody[PasswordChange], own: Own) -> Answered[PasswordIsNew]:
    """Change the password. Every other session ends."""
    answer = await changing_passwords.change_password(
        own.accounts, session(request), data.current, data.password, client(request, own), cause(request)
    )
    return answered(request, answer)


class Language(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"locale": "de-AT"}`; null, or one that the shop doesn't offer, is its own."""

    locale: Locale | None


@put("/v1/account/locale", guards=[requires_session])
@refuses(UnknownAccount)
async def put_locale(request: Call, data: JSONBody[Language], own: Own) -> Answered[Reads]:
    """The language that mails to this account are in from now on, and quotes that name none."""
    locale = Languages(own.settings.languages).kept(data.locale)
    return answered(request, await languages.choose_language(own.pool, session(request), locale, cause(request)))


class NewAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"address": {"name": "Ada", "line1": "Hill Road 1", "city": "Berlin", "postal_code": "10115",
    "country": "DE"}}`."""

    address: AddressInput


@get("/v1/account", guards=[requires_session])
@refuses(UnknownAccount, KeyringUnavailable)
async def get_own_account(request: Call, own: Own) -> Shown[OwnAccount]:
    """Mail address, language, customer groups and address book."""
    return shown(await address_book.show(own.accounts, session(request)))


@post("/v1/account/addresses", guards=[requires_session])
@refuses(BrokenAddress, TooManyAddresses, UnknownAccount, KeyringUnavailable)
@leads_to(Link("put_address", {"address_id": "/id"}), Link("put_default_address", {"address_id": "/id"}))
async def post_address(request: Call, data: JSONBody[NewAddress], own: Own) -> Answered[SavedAddress]:
    """Put an address into the book, of at most 50."""
    answer = await address_book.save_address(own.accounts, session(request), None, data.address, cause(request))
    return answered(request, answer, 201)


@put("/v1/account/addresses/{address_id:uuid}", guards=[requires_session])
@refuses(BrokenAddress, UnknownAddress, UnknownAccount, KeyringUnavailable)
async def put_address(
    request: Call, address_id: FromPath[UUID], data: JSONBody[NewAddress], own: Own
) -> Answered[SavedAddress]:
    """Another address in place of one."""
    who = session(request)
    return answered(
        request, await address_book.save_address(own.accounts, who, address_id, data.address, cause(request))
    )


@delete("/v1/account/addresses/{address_id:uuid}", status_code=200, guards=[requires_session])
@refuses(UnknownAddress, UnknownAccount)
async def delete_address(request: Call, address_id: FromPath[UUID], own: Own) -> Answered[SavedAddress]:
    """Take an address out of the book."""
    answer = await address_book.remove_address(own.accounts, session(request), address_id, cause(request))
    return answered(request, answer)


@put("/v1/account/addresses/{address_id:uuid}/default", guards=[requires_session])
@refuses(UnknownAddress, UnknownAccount)
async def put_default_address(request: Call, address_id: FromPath[UUID], own: Own) -> Answered[SavedAddress]:
    """The address that is taken unless told otherwise."""
    return answered(request, await address_book.set_default(own.accounts, session(request), address_id, cause(request)))


@post("/v1/accounts/lookups", status_code=200, guards=[requires("accounts:read")])
@refuses(UnknownAccount, KeyringUnavailable)
@leads_to(Link("get_account", {"account_id": "/id"}))
async def post_account_lookup(data: JSONBody[WhoseAccount], own: Own) -> Shown[AccountState]:
    """The account of a mail address. Nothing of it is personal: that is `POST /v1/exports`."""
    return shown(await staff.find_account(own.pool, own.keyring, data.mail))


@get("/v1/accounts/{account_id:uuid}", guards=[requires("accounts:read")])
@refuses(UnknownAccount)
async def get_account(account_id: FromPath[UUID], own: Own) -> Shown[AccountState]:
    """An account, its groups, and how many sessions are open."""
    return shown(await staff.show_account(own.pool, account_id))


@put("/v1/accounts/{account_id:uuid}/groups", guards=[requires("accounts:write")])
@refuses(UnknownAccount)
async def put_groups(
    request: Call, account_id: FromPath[UUID], data: JSONBody[Groups], own: Own
) -> Answered[AccountState]:
    """The customer groups that it is in from now on."""
    return answered(request, await staff.set_groups(own.pool, account_id, data.groups, cause(request)))


routes = [
    post_account, post_confirmation, post_session, get_session, delete_session, delete_sessions, post_password_reset,
    post_new_password, put_password, put_locale, get_own_account, post_address, put_address, delete_address,
    put_default_address, post_account_lookup, get_account, put_groups,
]  # fmt: skip
