"""A file arrives piece by piece and becomes a run, which the worker carries on."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from msgspec import to_builtins

from shared.http.problems import BODY_TOO_LARGE
from shared.ids import uuid7
from write_side import commands, inventory, pricing
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.imports.runs import store as runs
from write_side.imports.runs.domain import Run
from write_side.imports.uploads import store
from write_side.imports.uploads.domain import EmptyFile, Wanted, same

PIECE = 262_144  # bytes


class Arrived(NamedTuple):
    """A file that is here as a whole: its id, and the hash of what it holds."""

    id: UUID
    content: bytes


async def check(pool: Pool, wanted: Wanted) -> None:
    """What can be told before the file comes: refuses `broken_mapping`, `unknown_currency`, `unknown_warehouse`."""
    pricing.check_currency(wanted.options.currency)
    if wanted.warehouse is not None:
        async with pool.acquire() as conn:
            known = {warehouse.code for warehouse in await inventory.all_warehouses(conn)}
        if wanted.warehouse not in known:
            raise inventory.UnknownWarehouse(f"there is no warehouse {wanted.warehouse}", pointer="?warehouse")


async def receive(pool: Pool, body: AsyncIterator[bytes], most: int) -> Arrived:
    """Keep a file as it comes, no more of it in memory than a piece. Refuses `body_too_large`, `empty_file`."""
    upload_id, number, size, content = uuid7(), 0, 0, sha256()
    async with pool.acquire() as conn:
        await store.begin(conn, upload_id)
    try:
        async for piece in _pieces(body):
            size += len(piece)
            if size > most:
                raise BODY_TOO_LARGE.problem(f"A file has {most} bytes at most.", headers={"Connection": "close"})
            content.update(piece)
            async with pool.acquire() as conn:
                await store.keep(conn, upload_id, number, piece)
            number += 1
        if not size:
            raise EmptyFile("the body is empty: it is the file that is to be imported")
    except Exception:
        await store.drop(pool, upload_id)
        raise
    return Arrived(upload_id, content.digest())


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces of one size, however small those are that come."""
    kept = bytearray()
    async for part in body:
        kept += part
        while len(kept) >= PIECE:
            yield bytes(kept[:PIECE])
            del kept[:PIECE]
    if kept:
        yield bytes(kept)


async def begin(pool: Pool, arrived: Arrived, wanted: Wanted, actor: str, call: Call | None) -> Answer[Run]:
    """The run of a file: the one that is at work on the same file understood the same way, or a new one."""
    options = wanted.options
    given = False

    async def decide(conn: Connection) -> tuple[Run, Positions]:
        nonlocal given
        terms, known = to_builtins(options), same(arrived.content, options)
        run = await runs.open_file(conn, uuid7(), actor, wanted.file, known, terms, dry_run=wanted.dry_run)
        given = await store.give_to(conn, arrived.id, run.id)
        return run, {}

    try:
        return await commands.run(pool, decide, call)
    finally:
        if not given:  # it was here before, or is refused
            await store.drop(pool, arrived.id)
