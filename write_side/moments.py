"""Moments that people say. A calendar begins in 1 and ends in 9999: near its ends, what is made of a moment (its time
in UTC, the day after) is none any more, and nobody means one of these."""

from datetime import UTC, datetime

from write_side.errors import Invalid

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class TimeOutOfRange(Invalid):
    """Nobody means a time before 1900, nor one after 9000."""

    code = "time_out_of_range"


def is_meant(moment: datetime) -> bool:
    """Whether somebody may mean it. With a zone."""
    return EARLIEST <= moment <= LATEST


def check_moments(**said: datetime | None) -> None:
    """Raises `TimeOutOfRange`; each by the name of its field."""
    for field, moment in said.items():
        if moment is not None and not is_meant(moment):
            raise TimeOutOfRange("a time lies between 1900 and 9000", pointer=f"/{field}")
