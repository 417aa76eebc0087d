"""Answers of Elasticsearch as rows: a group gives each row below it a column, and so does a figure."""

from collections.abc import Collection, Iterator
from typing import Any

Json = dict[str, Any]
Row = dict[str, Any]

DOCUMENTS = "documents"  # the column with how many documents a group holds


class CutOff(Exception):
    """There are more groups than the query file has room for: what is there would not add up to all."""

    def __init__(self, name: str, left_out: int) -> None:
        super().__init__(f"there are more groups of {name} than fit: {left_out} documents are in none")


def rows_of(aggregations: Json, above: Row | None = None, firsts: Collection[str | None] = ()) -> list[Row]:
    """The rows of an answer; of two groupings side by side, which no query file has, the first.

    Raises `CutOff` where a grouping does not hold all its groups, and is none of those that hold the `firsts` alone."""
    row = dict(above or {})
    groups = list(_spread(aggregations, row, firsts))
    if not groups:
        return [row]
    name, buckets = groups[0]
    return [found for bucket in buckets for found in rows_of(_inside(bucket), row | _key(name, bucket), firsts)]


def _spread(aggregations: Json, row: Row, firsts: Collection[str | None]) -> Iterator[tuple[str, list[Json]]]:
    """Puts the figures into the row, those below a filter too; yields the groupings."""
    for name, found in aggregations.items():
        if "buckets" in found:
            if (left_out := found.get("sum_other_doc_count", 0)) and name not in firsts:
                raise CutOff(name, left_out)
            yield name, found["buckets"]
        elif "value" in found:
            row[name] = _number(found["value"])
        elif "doc_count" in found:
            row[name] = found["doc_count"]
            yield from _spread(_inside(found), row, firsts)


def _inside(bucket: Json) -> Json:
    return {name: found for name, found in bucket.items() if isinstance(found, dict) and name != "key"}


def _key(name: str, bucket: Json) -> Row:
    key = bucket["key"]
    named = key if isinstance(key, dict) else {name: bucket.get("key_as_string", key)}
    return {**named, DOCUMENTS: bucket["doc_count"]}


def _number(value: float | None) -> float | int:
    """Sums come as floats; those of whole numbers are exact below 2⁵³, some 90 trillion in cents."""
    if value is None:
        return 0
    return int(value) if float(value).is_integer() else value


def after_key(aggregations: Json) -> Json | None:
    """Behind which group the next page begins; None: there is none."""
    for found in aggregations.values():
        if not isinstance(found, dict):
            continue
        if "after_key" in found:
            key: Json = found["after_key"]
            return key
        if "buckets" not in found and (key_below := after_key(found)):
            return key_below
    return None
