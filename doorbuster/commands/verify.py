"""`doorbuster verify`: every row against the fold of the log, and every hash chain."""

import argparse
import asyncio

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    verify = words.add_parser("verify", help="rows = fold of the log, hash chains unbroken; exit code 1 if not")
    verify.set_defaults(run=_verify)


def _verify(_: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_print_differences(url))


async def _print_differences(url: str) -> int:
    import asyncpg

    from doorbuster import verify

    conn = await asyncpg.connect(url)  # without the application's limits: this reads the whole log in one snapshot
    try:
        found = await verify.differences(conn)
    finally:
        await conn.close()
    for difference in found:
        print(difference)
    print("rows and log agree, every hash chain is unbroken" if not found else f"{len(found)} differences")
    return 1 if found else 0
