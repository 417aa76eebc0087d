"""Erasure and export over HTTP, for staff (scopes persons:erase, persons:read).

Mail addresses stand in bodies: paths are logged.
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from shared.http.described import refuses
from write_side.customers import LONGEST_MAIL, KeyringUnavailable
from write_side.erasure.exporting import PersonExport, hand_out
from write_side.erasure.handlers import Erased, UnknownPerson, erase, find_person
from write_side.erasure.ledger import Ledger, LedgerMissing
from write_side.errors import Invalid
from write_side.fulfilment import UnshippedOrders
from write_side.http import Answered, Shown, answered, cause, requires, shown
from write_side.orders import UnfinishedOrders
from write_side.resources import Own

Call = Request[Any, Any, Any]


class NobodyNamed(Invalid):
    """Either a mail address or an id says who is meant: one of them, and not both."""

    code = "nobody_named"


class Somebody(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org"}`, or `{"person_id": "0198f0c0-0000-7000-8000-000000000001"}`."""

    mail: Annotated[str, Meta(min_length=1, max_length=LONGEST_MAIL)] | None = None
    person_id: UUID | None = None


def _named(somebody: Somebody) -> str | UUID:
    who = somebody.mail or somebody.person_id
    if who is None or (somebody.mail and somebody.person_id):
        raise NobodyNamed("a mail address or an id: one of them", pointer="/mail")
    return who


@post("/v1/erasures", status_code=200, guards=[requires("persons:erase")])
@refuses(NobodyNamed, UnknownPerson, UnfinishedOrders, UnshippedOrders, LedgerMissing, KeyringUnavailable)
async def post_erasure(request: Call, data: JSONBody[Somebody], own: Own) -> Answered[Erased]:
    """Erase a person: their key is destroyed, mail and address go out of quotes, orders and every document.

    Refused while an order of theirs is being paid or ended, or waits to be shipped. What was bought and paid stays,
    without the person.
    """
    person_id = await find_person(own.pool, own.keyring, _named(data))
    ledger = Ledger(own.settings.erasure_ledger)
    return answered(request, await erase(own.pool, own.keyring, ledger, person_id, cause(request)))


@post("/v1/exports", status_code=200, guards=[requires("persons:read")])
@refuses(NobodyNamed, UnknownPerson, KeyringUnavailable)
async def post_export(request: Call, data: JSONBody[Somebody], own: Own) -> Shown[PersonExport]:
    """All that is held on a person, in the clear: for that person, and for nobody else. Who asked for it stands in the
    log (`GET /v1/audit`)."""
    person_id = await find_person(own.pool, own.keyring, _named(data))
    return shown(await hand_out(own.pool, own.keyring, person_id, cause(request)))


routes = [post_erasure, post_export]
