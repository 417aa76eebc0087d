"""The provider's books against ours, from the command line."""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.ids import uuid7
from shared.money import display
from shared.settings import Settings
from write_side.commands import cause_of
from write_side.database import open_pool
from write_side.payments import open_providers
from write_side.payments.reconciling import Reconciled, reconcile
from write_side.refunds.reconciling import ReconciledRefunds, reconcile_refunds

LOOK_BACK = timedelta(days=1)  # an intent that was made before the restored point may have been paid after it


class Books(NamedTuple):
    """What the provider's books brought: of money taken, and of money given back."""

    intents: Reconciled
    refunds: ReconciledRefunds


async def run(settings: Settings, since: datetime) -> Books:
    """What the payment provider knew of intents and refunds made since then, and the log did not; raises
    `ProviderDown`."""
    cause = cause_of("cli", str(uuid7()))
    async with open_pool(settings.database_url, 2, "reconcile") as pool, open_providers(settings) as providers:
        intents = await reconcile(pool, providers, since, cause)
        return Books(intents, await reconcile_refunds(pool, providers, since, cause))


def lines(books: Books) -> list[str]:
    """For whoever has to look after the money of lost orders and lost refunds."""
    taken, back = books
    return [
        f"{taken.looked_at} intents, {taken.learnt} brought news, {len(taken.lost)} hold money of lost orders",
        *(
            f"  order {lost.order_id} is lost, but {lost.intent_id} is {lost.status} over "
            f"{display(lost.amount_minor, lost.currency)}: cancel or refund it"
            for lost in taken.lost
        ),
        f"{back.looked_at} refunds, {back.learnt} brought news, {len(back.lost)} are lost here",
        *(
            f"  refund {lost.provider_id} of order {lost.order_id} is {lost.status} over "
            f"{display(lost.amount_minor, lost.currency)} and lost here: don't give that back once more"
            for lost in back.lost
        ),
    ]
