"""The worker's steps about fraud checks."""

from datetime import UTC, datetime

from write_side.database import Pool
from write_side.fraud import handlers
from write_side.steps import Step

OVERDUE_PAUSE = 30.0
FORGET_PAUSE = 600.0


def steps(pool: Pool) -> list[Step]:
    """What the worker is to do again and again."""
    return [
        Step("fraud reviews", OVERDUE_PAUSE, lambda: handlers.let_go_overdue(pool, datetime.now(UTC))),
        Step("forget visits", FORGET_PAUSE, lambda: handlers.forget_visits(pool, datetime.now(UTC))),
    ]
