"""`doorbuster verify`: hash chains, seals, rows and read models against the log."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from doorbuster import environment

if TYPE_CHECKING:  # loaded when the word is used: the other words need not wait for it
    from doorbuster.invariants.sinks import Stores
    from doorbuster.verify import Chosen
    from write_side.database import Connection
    from write_side.verifying.differences import Difference

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    verify = words.add_parser(
        "verify", help="rows and read models = fold of the log, chains unbroken and as they were sealed; else exit 1"
    )
    part = verify.add_mutually_exclusive_group()
    part.add_argument("--since", metavar="POSITION|TIME", help="only what changed since; 2026-11-27T08:00Z")
    part.add_argument("--sample", metavar="N", type=int, help="only the aggregates of N events, drawn by chance")
    verify.add_argument("--log-only", action="store_true", help="chains, seals and rows: Postgres alone is asked")
    verify.add_argument("--repair", action="store_true", help="make rows and documents anew, from a log that is whole")
    verify.set_defaults(run=_verify)


def _verify(given: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_run(url, given))


async def _run(url: str, given: argparse.Namespace) -> int:
    import asyncpg

    from write_side.verifying.differences import LOG

    conn = await asyncpg.connect(url)  # without the application's limits: this reads the whole log in one snapshot
    try:
        chosen = await _chosen(conn, given)
        found = await _of_log(conn, chosen)
        code = _tell(found, "rows and log agree, every hash chain is unbroken")
        sealed = await _seals(conn, chosen)
        whole = not sealed and not any(difference.kind in LOG for difference in found)
        if given.repair and not whole:
            print("the log itself is broken, nothing is made from it: restore it (docs/disaster.md)", file=sys.stderr)
        if given.repair and whole and found:
            code = await _repair_rows(conn, found)
        code = max(code, sealed)
        if chosen is None and not given.log_only:
            code = max(code, await _books(conn), await _snapshots(conn))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        await conn.close()
    return code if given.log_only else max(code, await _read_models(url, chosen, repair=given.repair and whole))


async def _chosen(conn: "Connection", given: argparse.Namespace) -> "Chosen | None":
    from datetime import UTC, datetime

    from doorbuster import verify
    from write_side import event_log

    if given.sample is not None:
        return await verify.sample(conn, given.sample)
    if given.since is None:
        return None
    if given.since.isdecimal():
        return await verify.since(conn, int(given.since))
    moment = datetime.fromisoformat(given.since)  # raises ValueError
    position = await event_log.position_at(conn, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    print(f"since position {position}")
    return await verify.since(conn, position)


async def _of_log(conn: "Connection", chosen: "Chosen | None") -> "list[Difference]":
    from doorbuster import verify

    if chosen is None:
        return await verify.differences(conn)
    print(f"{sum(map(len, chosen.ids.values()))} aggregates, {len(chosen.keys)} keys")
    return await verify.differences_of(conn, chosen)


async def _seals(conn: "Connection", chosen: "Chosen | None") -> int:
    """Compare with the seals, then seal what is new: what was tampered with is never sealed over."""
    from doorbuster import verify
    from doorbuster.sealing import NOT_SEALED, seal_file

    file = seal_file()
    if file is None:
        print(NOT_SEALED, file=sys.stderr)
        return 0
    found = await verify.broken_seals(conn, file, None if chosen is None else chosen.sealed_by)
    if found:
        return _tell(found, "")
    return _tell([], f"the log is as it was sealed, now up to position {await verify.seal(conn, file)}")


async def _repair_rows(conn: "Connection", found: "list[Difference]") -> int:
    from shared.envelope import Metadata
    from shared.ids import uuid7
    from write_side.verifying.repair import repair_rows

    cause = Metadata(actor="cli", correlation_id=str(uuid7()))
    repaired = await repair_rows(conn, found, "doorbuster verify --repair", cause)
    for row, why in repaired.failed.items():
        print(f"{row} was not repaired: {why}")
    print(f"{len(repaired.done)} rows repaired, each with an event that says so")
    return 1 if repaired.failed else 0


async def _books(conn: "Connection") -> int:
    """Invoices and credit notes: their numbers, and that nothing was taken off without a note."""
    from doorbuster.invariants import invoices

    found = await invoices.differences(conn)
    return _listed(found, f"{len(found)} of invoices and credit notes differ", "invoices and credit notes add up")


async def _snapshots(conn: "Connection") -> int:
    """What history is answered from: it is no truth, and may be deleted."""
    from doorbuster.invariants import snapshots

    found = await snapshots.differences(conn)
    return _listed(found, f"{len(found)} snapshots differ: delete them", "snapshots and log agree")


async def _read_models(url: str, chosen: "Chosen | None", *, repair: bool) -> int:
    from doorbuster.invariants import read_models
    from doorbuster.invariants.comparison import Damaged

    stores = _stores(url)
    if stores is None:
        return 2
    keys = None if chosen is None else chosen.keys
    found = await read_models.differences(stores, keys=keys)
    code = _tell(found, "read models and log agree")
    if repair and (damaged := [each for each in found if isinstance(each, Damaged)]):
        from doorbuster.document_repair import repair_documents

        if left := await repair_documents(stores, damaged):
            print(f"the projector has not rewritten {left} keys yet: does it run?", file=sys.stderr)
        return _tell(await read_models.differences(stores, keys=keys), "the documents are repaired: they agree now")
    return code


def _stores(url: str) -> "Stores | None":
    import msgspec

    from doorbuster.invariants.sinks import Stores

    names = {field.encode_name: environment.setting(field.encode_name) for field in msgspec.structs.fields(Stores)}
    try:
        return Stores.of({name: value for name, value in names.items() if value} | {"DATABASE_URL": url})
    except msgspec.ValidationError as error:
        print(f"the read models were not compared ({error}); --log-only leaves them out", file=sys.stderr)
        return None


def _tell(found: "Sequence[Difference]", all_well: str) -> int:
    kinds: Counter[str] = Counter(difference.kind for difference in found)
    return _listed(found, f"{len(found)} differences ({_counted(kinds)})", all_well)


def _listed(found: "Sequence[object]", in_all: str, all_well: str) -> int:
    for told in found:
        print(told)
    print(in_all if found else all_well)
    return 1 if found else 0


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
