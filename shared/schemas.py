"""The shape of each event type as JSON Schema: what is published of the log, and what no release may break.

`published` is what stands in shared/events/schemas, a file per type with its version, old versions included;
`schema_of` is what the code of today would write there. `make schemas` brings the files up to date and refuses what
would break a reader (docs/events.md).
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from msgspec import Struct

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def folder() -> Traversable:
    """Where the published schemas lie."""
    return files("shared.events") / "schemas"


def schema_of(kind: type[Struct]) -> Json:
    """The JSON Schema of an event type's payload, complete in itself."""
    return {"$schema": DIALECT, **msgspec.json.schema(kind)}


def published() -> dict[str, Json]:
    """Type with version (`pricing.price_set.v1`) → its schema; every version that was ever written has one."""
    found = sorted((file for file in folder().iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return {file.name.removesuffix(".json"): msgspec.json.decode(file.read_bytes()) for file in found}
