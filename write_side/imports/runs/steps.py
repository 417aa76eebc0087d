"""What the worker does about runs: it carries edits and undoings on."""

from functools import partial

from write_side.database import Pool
from write_side.imports.pace import Pace
from write_side.imports.runs.carrying import carry_on
from write_side.steps import Step

PAUSE = 1.0


def steps(pool: Pool) -> list[Step]:
    """What the worker is to do again and again."""
    return [Step("edits and undoings", PAUSE, partial(carry_on, pool, Pace()))]
