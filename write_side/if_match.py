"""ETag and If-Match on what people edit: nobody overwrites what they have not seen."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, TypeVar

from litestar.params import HeaderParameter
from msgspec import Struct

from shared.envelope import as_json
from shared.http.described import Asked, Header
from shared.http.problems import FieldError, Told
from write_side.errors import VersionConflict
from write_side.http import Shown

IF_MATCH_REQUIRED = Told(428, "if_match_required", "Say which version was read: If-Match with its ETag.")
BROKEN_IF_MATCH = Told(400, "broken_if_match", 'If-Match takes one ETag as it was given: "3", or *.')
_ETAG_OR_ANY = r'^(\*|"[0-9]{1,18}"|[0-9]{1,18})$'
_IF_MATCH = HeaderParameter(
    name="If-Match",
    description="The ETag of the version that was read, or * for any.",
    schema_extra={"pattern": _ETAG_OR_ANY, "examples": ['"1"', "*"]},
)
IfMatch = Annotated[str | None, _IF_MATCH, Asked((IF_MATCH_REQUIRED, BROKEN_IF_MATCH, VersionConflict), required=True)]
OptionalIfMatch = Annotated[str | None, _IF_MATCH, Asked((BROKEN_IF_MATCH, VersionConflict))]

State = TypeVar("State", bound=Struct)


class Tagged(Shown[State]):
    """Something that is edited, with the ETag of its version."""

    told: ClassVar[Sequence[Header]] = (
        Header("ETag", "The version, for If-Match.", {"type": "string"}, always=True),
        *Shown.told,
    )


def tagged(state: State, version: int) -> Tagged[State]:
    """A state as it is now, with its ETag."""
    headers = {"ETag": f'"{version}"', "Cache-Control": "no-store"}
    return Tagged(as_json(state), headers=headers, media_type="application/json")


def expected_version(if_match: str | None, *, required: bool) -> int | None:
    """The version in If-Match, None for `*` or a missing one; 428 `if_match_required`, 400 `broken_if_match`."""
    header = (if_match or "").strip()
    if header == "*" or (if_match is None and not required):
        return None
    if not header and required:
        raise IF_MATCH_REQUIRED.problem(errors=[FieldError("If-Match", "required", "missing")])
    digits = header.removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        errors = [FieldError("If-Match", "malformed", BROKEN_IF_MATCH.meaning)]
        raise BROKEN_IF_MATCH.problem(errors=errors)
    return int(digits)
