"""`doorbuster verify`: rows, hash chains and read models against the log."""

import argparse
import asyncio
import sys

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    verify = words.add_parser("verify", help="rows and read models = fold of the log, chains unbroken; else exit 1")
    verify.add_argument("--log-only", action="store_true", help="rows and hash chains: Postgres alone is asked")
    verify.set_defaults(run=_verify)


def _verify(given: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_print_differences(url, log_only=given.log_only))


async def _print_differences(url: str, *, log_only: bool) -> int:
    import asyncpg

    from doorbuster import verify

    conn = await asyncpg.connect(url)  # without the application's limits: this reads the whole log in one snapshot
    try:
        found = await verify.differences(conn)
    finally:
        await conn.close()
    code = _tell(found, "rows and log agree, every hash chain is unbroken")
    return code if log_only else max(code, await _print_read_models(url))


async def _print_read_models(url: str) -> int:
    import msgspec

    from doorbuster.invariants import read_models
    from doorbuster.invariants.sinks import Stores

    names = {field.encode_name: environment.setting(field.encode_name) for field in msgspec.structs.fields(Stores)}
    try:
        stores = Stores.of({name: value for name, value in names.items() if value} | {"DATABASE_URL": url})
    except msgspec.ValidationError as error:
        print(f"the read models were not compared ({error}); --log-only leaves them out", file=sys.stderr)
        return 2
    return _tell(await read_models.differences(stores), "read models and log agree")


def _tell(found: list[str], all_well: str) -> int:
    for difference in found:
        print(difference)
    print(all_well if not found else f"{len(found)} differences")
    return 1 if found else 0
