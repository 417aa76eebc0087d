"""Erasing a person from the command line: the command itself, and then what copies leave behind on disks.

The staff command over HTTP does the first part alone; the second is done by the next `doorbuster erase` or `backup`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import msgspec
from redis.asyncio import Redis

from doorbuster.disaster import backing_up, keyring
from doorbuster.disaster.archive import VARIABLE, Archive
from doorbuster.following import Behind, kept_up, until_all_followed
from projector import elasticsearch_sink
from projector.model import ELASTICSEARCH
from projector.redis_sink import connect
from shared.documents.layout import index_name
from shared.ids import uuid7
from shared.settings import Settings
from write_side.commands import cause_of
from write_side.customers import Keyring, open_keyring
from write_side.database import Pool, open_pool
from write_side.erasure import Erased, Ledger, PersonExport, UnknownPerson, erase, export, find_person, finish, hand_out
from write_side.parked import all_parked

CATCH_UP_SECONDS = 60.0
Tell = Callable[[str], None]
_erased = msgspec.json.Decoder(Erased)


def spoken(text: str) -> str | UUID:
    """A mail address, or a person's id; raises `ValueError` for neither."""
    return text if "@" in text else UUID(text)


async def export_person(settings: Settings, who: str | UUID) -> PersonExport:
    """All that is held on a person, and that it was asked for stands in the log; refuses `unknown_person`."""
    async with _at_hand(settings) as (pool, keys):
        person_id = await find_person(pool, keys, who)
        return await hand_out(pool, keys, person_id, cause_of("cli", str(uuid7())))


async def erase_person(settings: Settings, environment: Mapping[str, str], who: str | UUID, tell: Tell) -> bool:
    """Erase a person and wait until no document shows them; refuses as the command does, raises `Behind`.

    False if nobody is known by a mail address: it is mistyped, or an erasure was broken off behind the key. So whatever
    is left of any erasure is done then, as far as it can be.
    """
    cause, ledger = cause_of("cli", str(uuid7())), Ledger(settings.erasure_ledger)
    async with _at_hand(settings) as (pool, keys):
        try:
            person_id = await find_person(pool, keys, who)
        except UnknownPerson:
            if isinstance(who, UUID):
                raise
            known, mails = False, frozenset({who})
            tell(f"erasures that were broken off, ended now: {await finish(pool, keys, ledger, cause)}")
        else:
            known, mails = True, await _mails_of(pool, keys, person_id)
            done = _erased.decode((await erase(pool, keys, ledger, person_id, cause)).body)
            tell(f"{person_id}: the key is destroyed, {done.orders} orders and {done.quotes} quotes are emptied")
    await _until_unseen(settings)
    tell("every read model has followed, and no order's document waits")
    if page := environment.get("MAILS_URL"):
        await _empty_mailbox(page, mails)
    return known


@asynccontextmanager
async def _at_hand(settings: Settings) -> AsyncIterator[tuple[Pool, Keyring]]:
    async with (
        open_pool(settings.database_url, 1, "persons") as pool,
        open_keyring(settings.keyring_url, settings.master_key) as keys,
    ):
        yield pool, keys


async def _mails_of(pool: Pool, keys: Keyring, person_id: UUID) -> frozenset[str]:
    """The addresses that stand in their account, orders and quotes."""
    held = await export(pool, keys, person_id)
    contacts = [*(order.contact for order in held.orders), *(quote.contact for quote in held.quotes)]
    own = {held.account.mail} if held.account and held.account.mail else set()
    return frozenset({contact.mail for contact in contacts if contact} | own)


async def _until_unseen(settings: Settings) -> None:
    """Whatever the erasure appended, now or before it was broken off, stands in every document. Raises `Behind`."""
    await until_all_followed(settings.database_url, settings.redis_url, CATCH_UP_SECONDS)
    conn = await asyncpg.connect(settings.database_url)
    try:
        parked = [each.key for each in await all_parked(conn) if each.key.startswith("order:")]
    finally:
        await conn.close()
    if parked:  # followed, but without these: their documents are as they were
        raise Behind(f"documents of parked keys may show the person: {', '.join(parked)}; see `doorbuster parked`")


async def _empty_mailbox(page: str, addresses: frozenset[str]) -> None:
    """The mail sink stands for everybody's mailboxes; a real one is not ours to empty."""
    async with httpx.AsyncClient(base_url=page, timeout=10) as client:
        for address in addresses:
            (await client.delete("/mails", params={"to": address})).raise_for_status()


def wipe(settings: Settings, environment: Mapping[str, str], tell: Tell) -> None:
    """Let go of what deleted rows, documents and keys have left on disks, and of backups that hold the keys."""
    asyncio.run(_rewrite_append_only_file(settings.redis_url))
    tell("Redis has rewritten its append-only file")
    asyncio.run(_expunge(settings))
    tell("Elasticsearch has expunged deleted documents")
    if archive := environment.get(VARIABLE):
        backup = backing_up.renew_keyring(Archive(Path(archive)), settings.keyring_url)
        tell(f"the keyring is wiped, and its only backup is {backup.folder}")
        return
    asyncio.run(keyring.wipe_erased(settings.keyring_url))
    tell("the keyring is wiped")


async def _rewrite_append_only_file(url: str) -> None:
    async with connect(url) as redis:
        if not (await _persistence(redis))["aof_enabled"]:
            return
        await redis.bgrewriteaof()
        while True:
            told = await _persistence(redis)
            if not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
                break
            await asyncio.sleep(0.05)
        if told["aof_last_bgrewrite_status"] != "ok":
            raise OSError("Redis could not rewrite its append-only file, see its log")


async def _persistence(redis: "Redis") -> Mapping[str, object]:
    return dict(await redis.info("persistence"))


async def _expunge(settings: Settings) -> None:
    models = [model for model in await kept_up(settings.database_url) if model.sink == ELASTICSEARCH]
    names = [index_name(settings.index_prefix, model.name, model.version) for model in models]
    async with elasticsearch_sink.connect(settings.elasticsearch_url) as client:
        patient = client.options(request_timeout=600)
        await patient.indices.forcemerge(index=",".join(names), only_expunge_deletes=True, ignore_unavailable=True)
        await patient.indices.flush(index=",".join(names), ignore_unavailable=True)
