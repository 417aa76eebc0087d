"""Moments that people say. A calendar begins in 1 and ends in 9999; what lies beyond it once it is told in UTC can't be
kept. Its very ends can be meant: "from ever" and "never"."""

from datetime import UTC, datetime

from write_side.errors import Invalid

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class TimeOutOfRange(Invalid):
    """It lies before the year 1 or after 9999, in UTC."""

    code = "time_out_of_range"


def is_kept(moment: datetime) -> bool:
    """Whether it can be kept. With a zone."""
    return EARLIEST <= moment <= LATEST


def check_moments(**said: datetime | None) -> None:
    """Raises `TimeOutOfRange`; each by the name of its field."""
    for field, moment in said.items():
        if moment is not None and not is_kept(moment):
            raise TimeOutOfRange("a time lies in the years 1 to 9999, in UTC", pointer=f"/{field}")
