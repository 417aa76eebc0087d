"""How often reactions are looked at, each as it says."""

from typing import Any

from write_side.inventory.alerts.reactions import reactions as alerts
from write_side.inventory.bundles.reactions import reactions as bundles
from write_side.notifications.reactions import reactions as mails
from write_side.reactions import PAUSE, SELDOM
from write_side.worker import steps_of_reactions


def test_what_a_rush_is_full_of_and_seldom_matters_is_looked_at_seldom() -> None:
    pool: Any = None
    steps = {step.name: step.pause for step in steps_of_reactions(pool, [*alerts(), *bundles(), *mails("shop@x")])}
    assert steps.pop("lookout") < PAUSE
    assert [steps.pop(f"reaction:{name}") for name in ("low_stock", "bundle_availability")] == [SELDOM] * 2
    assert set(steps.values()) == {PAUSE}
