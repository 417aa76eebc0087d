"""The provider's books against ours, from the command line."""

from datetime import datetime, timedelta

from shared.ids import uuid7
from shared.money import display
from shared.settings import Settings
from write_side.commands import cause_of
from write_side.database import open_pool
from write_side.payments import open_gateway
from write_side.payments.reconciling import Reconciled, reconcile

LOOK_BACK = timedelta(days=1)  # an intent that was made before the restored point may have been paid after it


async def run(settings: Settings, since: datetime) -> Reconciled:
    """What the payment provider knew of intents made since then, and the log did not; raises `ProviderDown`."""
    async with open_pool(settings.database_url, 2, "reconcile") as pool, open_gateway(settings) as gateway:
        return await reconcile(pool, gateway, since, cause_of("cli", str(uuid7())))


def lines(found: Reconciled) -> list[str]:
    """For whoever has to look after the money of lost orders."""
    counted = f"{found.looked_at} intents, {found.learnt} brought news, {len(found.lost)} hold money of lost orders"
    return [counted] + [
        f"  order {lost.order_id} is lost, but {lost.intent_id} is {lost.status} over "
        f"{display(lost.amount_minor, lost.currency)}: cancel or refund it"
        for lost in found.lost
    ]
