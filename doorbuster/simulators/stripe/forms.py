"""Stripe's form encoding, `a[b]=c`, `a[0]=c`, `a[]=c`, to nested dicts and back to nothing else."""

import re
from typing import Any

from .errors import invalid

MOST_FIELDS = 1000
DEEPEST = 8
NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Nested dicts of strings; arrays are dicts keyed by position, which `params.array_of` turns into lists."""
    if len(pairs) > MOST_FIELDS:
        raise invalid(f"Too many parameters: at most {MOST_FIELDS} are allowed.")
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _put(tree, _segments(name), value, name)
    return tree


def _segments(name: str) -> list[str]:
    match = NAME.match(name)
    if not match:
        raise invalid(f"Invalid parameter name: {name[:60]}", name[:60], "parameter_unknown")
    segments = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(segments) > DEEPEST:
        raise invalid(f"Parameters nest too deep: {name[:60]}", name[:60])
    return segments


def _put(tree: dict[str, Any], segments: list[str], value: str, name: str) -> None:
    for segment in segments[:-1]:
        tree = tree.setdefault(segment or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise invalid(f"Invalid parameter: {name} is both a value and an object.", name)
    last = segments[-1] or str(len(tree))
    if isinstance(tree.get(last), dict):
        raise invalid(f"Invalid parameter: {name} is both a value and an object.", name)
    tree[last] = value
