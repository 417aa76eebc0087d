"""`doorbuster payments`: payments that wait for a person, and taking them up again."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from doorbuster import environment
from doorbuster.arguments import count

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    payments = words.add_parser("payments", help="payments that the provider refuses for good, until somebody looks")
    actions = payments.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="which, and why; exit code 1 if there are any").set_defaults(run=_list)
    retry = actions.add_parser("retry", help="the worker tries again, once the reason is mended")
    retry.add_argument("payment", nargs="?", type=UUID, help="only this one, or this refund")
    retry.set_defaults(run=_retry)
    compare = actions.add_parser("reconcile", help="bring in what the provider knows of payments and we do not")
    compare.add_argument("--hours", type=count, default=24, help="intents made in so many last hours (24)")
    compare.set_defaults(run=_reconcile)


def _list(_: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_print_alarms(url))


def _retry(given: argparse.Namespace) -> int:
    url = environment.database_url()
    return 2 if url is None else asyncio.run(_take_up(url, given.payment))


def _reconcile(given: argparse.Namespace) -> int:
    import msgspec

    from doorbuster.disaster import reconciling
    from write_side.payments import ProviderDown

    try:
        found = asyncio.run(reconciling.run(environment.settings(), datetime.now(UTC) - timedelta(hours=given.hours)))
    except (ProviderDown, msgspec.ValidationError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(reconciling.lines(found)))
    return 1 if found.intents.lost or found.refunds.lost else 0


async def _print_alarms(url: str) -> int:
    from write_side import payments, refunds
    from write_side.database import open_pool

    async with open_pool(url, 1, "payments") as pool, pool.acquire() as conn:
        paid, back = await payments.alarms(conn), await refunds.alarms(conn)
    for alarm in paid:
        print(f"{alarm.payment_id}  {alarm.alarm}")
    for refund in back:
        print(f"{refund.refund_id}  refund: {refund.alarm}")
    print(f"{len(paid)} payments wait for a person" + (f", {len(back)} refunds" if back else ""))
    return 1 if paid or back else 0


async def _take_up(url: str, payment_id: UUID | None) -> int:
    from write_side import payments, refunds
    from write_side.database import open_pool

    async with open_pool(url, 1, "payments") as pool, pool.acquire() as conn:
        paid, back = await payments.retry_alarmed(conn, payment_id), await refunds.retry_alarmed(conn, payment_id)
    print(f"{paid} payments are taken up again by the worker" + (f", {back} refunds" if back else ""))
    return 0
