"""`doorbuster parked`: keys whose events could not be projected, and trying them again."""

import argparse
import asyncio

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    parked = words.add_parser("parked", help="keys whose events wait, because one of them could not be projected")
    actions = parked.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="which, since when, and why; exit code 1 if there are any").set_defaults(run=_list)
    retry = actions.add_parser("retry", help="have the projector try again, and heal what it can")
    retry.add_argument("--read-model", help="only this one's")
    retry.add_argument("--key", help="only this one, such as product:<id>")
    retry.set_defaults(run=_retry)


def _list(_: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_print_parked(url))


def _retry(given: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_ask(url, given.read_model, given.key))


async def _print_parked(url: str) -> int:
    from projector.log import open_pool
    from projector.parking import list_parked

    async with await open_pool(url, 1, "parked") as pool:
        keys = await list_parked(pool)
    for key in keys:
        print(f"{key.read_model}:{key.version}  {key.partition_key}  since {key.parked_at:%Y-%m-%d %H:%M:%S} UTC")
        print(f"    at position {key.position}, {key.event_type}, tried {key.tries} times: {key.error}")
    print(f"{len(keys)} keys are parked")
    return 1 if keys else 0


async def _ask(url: str, read_model: str | None, key: str | None) -> int:
    from projector.log import open_pool
    from projector.parking import request_retry

    async with await open_pool(url, 1, "parked") as pool:
        print(f"{await request_retry(pool, read_model, key)} keys are tried again by the projector")
    return 0
