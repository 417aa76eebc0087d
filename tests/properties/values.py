"""Any value of a contract's type, made from the type itself: a new event or field is in the tests without a word."""

from datetime import UTC, date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

BOUNDED = settings(max_examples=80)
OF_MANY = settings(BOUNDED, max_examples=40)  # where there is a test for each of a hundred kinds
ON_SERVERS = settings(BOUNDED, max_examples=25, stateful_step_count=25)

# What JSON and a Postgres text can hold: no lone surrogates, no NUL (refused at the door, see `unkeepable_text`).
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.integers(0, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # until 9892

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: INTEGERS,
    float: FLOATS,
    bool: st.booleans(),
    UUID: st.uuids(),
    datetime: MOMENTS,
    date: st.dates(),
    NoneType: st.none(),
    UnsetType: st.just(UNSET),
}


@cache
def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """A strategy for a type as contracts use them; raises `TypeError` for one that nobody thought of yet."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{name: any_of(hints[name]) for name in kind.__struct_fields__})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return any_of(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([any_of(argument) for argument in arguments])
    if origin is list:
        return st.lists(any_of(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=3)
    raise TypeError(f"no values for {kind}")
