"""The data dictionary of analysts' indices, made of the contracts: nothing in it is written by hand."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from projector.read_models.all import READ_MODELS
from shared.documents import gift_cards, invoices, observations, order_records, products, stock, transfers
from shared.documents.indices import INDICES, OBSERVED

Json = dict[str, Any]

# By alias, in the order in which they are told.
RECORDS: dict[str, type[Struct]] = {
    order_records.RECORDS: order_records.OrderRecord,
    invoices.RECORDS: invoices.InvoiceRecord,
    gift_cards.RECORDS: gift_cards.GiftCardRecord,
    stock.RECORDS: stock.StockRecord,
    transfers.RECORDS: transfers.TransferRecord,
    products.SEARCH: products.SearchedProduct,
    **observations.RECORDS,
}

_HEAD = """# Data dictionary

Made of the contracts in `shared/documents` by `make dictionary`: don't edit it. What the indices are for, and which
questions are ready: [analysts.md](analysts.md). *Type* is Elasticsearch's; *since* is the version of the read model
that first had the field: an older index, kept for a way back, has it not.
"""


def dictionary() -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD, *(_index(alias, record) for alias, record in RECORDS.items())]
    return "\n".join(parts)


def _index(alias: str, record: type[Struct]) -> str:
    version = next((model.version for model in READ_MODELS if model.name == alias), observations.VERSION)
    about = f"## {alias}\n\n{_first_line(record)} Version {version}.\n"
    return "\n".join([about, *_tables(record, (INDICES | OBSERVED)[alias]["mappings"]["properties"])])


def _tables(record: type[Struct], mapped: Json, above: str = "", since: str = "v1") -> Iterator[str]:
    """The record's own fields, then those of the records in it, none of which is older than the field that holds it."""
    hints = get_type_hints(record, include_extras=True)
    lines = [_line(f"{above}{name}", hints[name], mapped[name], since) for name in record.__struct_fields__]
    head = f"### `{above.removesuffix('.')}`\n\n{_first_line(record)}\n\n" if above else ""
    yield head + "\n".join(["| Field | Type | Unit | Meaning | Since |", "| --- | --- | --- | --- | --- |", *lines, ""])
    for name in record.__struct_fields__:
        inner = _record_in(hints[name])
        if inner is not None and mapped[name]["type"] == "nested":
            yield from _tables(inner, mapped[name]["properties"], f"{above}{name}.", _since(hints[name], since))


def _line(name: str, hint: Any, mapping: Json, above: str) -> str:
    meta = meta_of(hint)
    extra = meta.extra or {}
    values = _values(hint)
    meaning = f"{meta.description}: {', '.join(f'`{value}`' for value in values)}" if values else meta.description
    return f"| `{name}` | {mapping['type']} | {extra.get('unit', '')} | {meaning} | {_since(hint, above)} |"


def _since(hint: Any, above: str) -> str:
    told: str = (meta_of(hint).extra or {}).get("since", "")
    return max(told, above, key=lambda version: int(version[1:] or 0))


def meta_of(hint: Any) -> Meta:
    """What is told of a field; empty if nothing is."""
    found = [each for each in get_args(hint)[1:] if isinstance(each, Meta)] if get_origin(hint) is Annotated else []
    return found[0] if found else Meta()


def _values(hint: Any) -> list[str]:
    """The words that a field may hold, if they are a few known ones."""
    if get_origin(hint) is Literal:
        return [str(value) for value in get_args(hint)]
    parts = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint) if _is_union(hint) else ()
    return [value for part in parts for value in _values(part)]


def _is_union(hint: Any) -> bool:
    return get_origin(hint) is Union or type(hint).__name__ == "UnionType"


def _record_in(hint: Any) -> type[Struct] | None:
    for part in get_args(hint):
        if isinstance(part, type) and issubclass(part, Struct):
            return part
        if (found := _record_in(part)) is not None:
            return found
    return None


def _first_line(record: type[Struct]) -> str:
    return (record.__doc__ or "").split("\n")[0]
