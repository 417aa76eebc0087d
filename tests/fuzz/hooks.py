"""What Schemathesis loads beside schemathesis.toml (SCHEMATHESIS_HOOKS)."""

import os
from typing import Any

import schemathesis

WITH_NUL = "FUZZ_WITH_NUL" in os.environ  # half of all texts end in U+0000: by chance hardly any would hold one

MOST_HEADERS = 80  # those of the client itself come to them


@schemathesis.serializer("text/csv")
def sent_as_it_is(ctx: Any, value: Any) -> bytes:
    """Files to import: any text may come."""
    return str(value).encode(errors="replace")


@schemathesis.deserializer("text/csv")
def read_as_it_is(ctx: Any, response: Any) -> str:
    """Files that are answered."""
    return str(response.text)


@schemathesis.hook
def filter_headers(context: schemathesis.HookContext, headers: Any) -> bool:
    """A head may hold a hundred (docs/limits.md); more never reach our code, and are answered a bare 431."""
    return len(headers or ()) <= MOST_HEADERS


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """JSON Schema takes 5.0 for an integer. We don't: amounts are never floats, not even such."""
    return _changed(body)


@schemathesis.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: Any) -> Any:
    """Names in addresses, too."""
    return _changed(path_parameters)


def _changed(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return f"{value}\0" if WITH_NUL and len(value) % 2 == 0 else value
    if isinstance(value, dict):
        return {key: _changed(one) for key, one in value.items()}
    return [_changed(one) for one in value] if isinstance(value, list) else value
