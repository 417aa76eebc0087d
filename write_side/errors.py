"""Refusals: what the business says no to. One mapping to problem+json, in `write_side.app`."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A command refused: nothing was changed. `facts` go into the answer beside the code."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class NotFound(Refusal):
    """There is no such thing, or it isn't the caller's to know of."""

    status = 404
    code = "not_found"


class Invalid(Refusal):
    """Well formed, but it can't be meant: 422 with the place in `pointer`."""

    status = 422
    code = "invalid"


class VersionConflict(Refusal):
    """Somebody else changed it since it was read (If-Match)."""

    status = 412
    code = "version_conflict"


def check_version(version: int, expected: int | None) -> None:
    """Raises `VersionConflict` unless it stands at the version that was read; None: whatever was."""
    if expected is not None and version != expected:
        raise VersionConflict(f"it stands at version {version}, not {expected}", version=version)
