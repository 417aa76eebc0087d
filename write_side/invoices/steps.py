"""The worker's step about invoices."""

from datetime import UTC, datetime

from write_side.database import Pool
from write_side.invoices import handlers
from write_side.steps import Step

PAUSE = 60.0


def steps(pool: Pool) -> list[Step]:
    """What the worker is to do again and again."""
    return [Step("overdue invoices", PAUSE, lambda: handlers.tell_overdue(pool, datetime.now(UTC)))]
