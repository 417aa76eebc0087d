"""What rows say of related products, and a file that is looked at before it goes in."""

import json
import os
from collections.abc import Iterator

import pytest

from shared.ids import uuid7
from write_side.imports.looking_ahead import Ahead
from write_side.imports.mapping import ColumnMapping
from write_side.imports.reading import Line, UnreadableFile
from write_side.imports.rejecting import Rejected
from write_side.imports.related import SaidRelated, UnknownRelated, check_known, related_after
from write_side.imports.rows import RowReader

FIELDS = {"a": "sku", "b": "name", "c": "related:parts", "d": "related"}
LAMP, BULB, CABLE = uuid7(), uuid7(), uuid7()
IDS = {"LAMP": LAMP, "LAMP-RED": LAMP, "BULB": BULB, "cable": CABLE}


def said(*cells: str, columns: dict[str, str] = FIELDS, separator: str = ",") -> SaidRelated | None:
    mapping = ColumnMapping(columns, list_separator=separator)
    return RowReader(list(columns), mapping, "EUR").read(Line(2, ["S", "Lamp", *cells])).related


def test_columns_say_a_kind_each_and_the_one_without_a_name_is_related() -> None:
    assert said("BULB, cable,,", "") == SaidRelated({"parts": ["BULB", "cable"], "related": []})
    assert said("A,B|C", "", separator="|") == SaidRelated({"parts": ["A,B", "C"], "related": []})
    own = {"a": "sku", "b": "name", "c": "json:related"}
    assert said('{"parts": ["A,B"]}', columns=own) == SaidRelated({"parts": ["A,B"]}, alone=True)
    assert said("", columns=own) == SaidRelated({}, alone=True)
    assert said(columns={"a": "sku", "b": "name"}) is None


def test_the_order_is_the_file_s_and_what_several_skus_name_stands_once() -> None:
    before = {"parts": [CABLE], "others": [BULB]}
    row = SaidRelated({"parts": ["cable", "LAMP-RED", "BULB", "LAMP"]})
    assert related_after(row, before, IDS) == {"parts": [CABLE, LAMP, BULB], "others": [BULB]}
    alone = SaidRelated(row.kinds, alone=True)
    assert related_after(alone, before, IDS) == {"parts": [CABLE, LAMP, BULB]}
    assert related_after(SaidRelated({"parts": []}), before, IDS) == {"parts": [], "others": [BULB]}


def test_all_whom_nobody_knows_are_told_but_for_a_crowd_of_them() -> None:
    check_known(SaidRelated({"parts": ["LAMP", "to-come"]}), (IDS, {"to-come"}), ())
    with pytest.raises(UnknownRelated, match=r"slug a, b$") as refused:
        check_known(SaidRelated({"parts": ["BULB"], "others": ["a", "LAMP", "b"]}), (IDS,), ())
    assert refused.value.facts["pointer"] == "/related/others"
    with pytest.raises(UnknownRelated, match=r"slug n0, .*, n9 and 3 more$"):
        check_known(SaidRelated({"parts": [f"n{n}" for n in range(13)]}), (IDS,), ())


async def test_a_file_that_breaks_off_is_read_as_far_as_it_goes_both_times() -> None:
    lines = [
        Line(2, ["A", "Lamp", "\udcff"]), Line(3, ["B", "Bulb", ""], also=(Line(4, ["C"], "broken"),)),
        Line(5, ["\udcff", "\udcff", "\udcff"], "broken"), Line(6, [], "broken"),
    ]  # fmt: skip

    def broken() -> Iterator[Line]:
        yield from lines
        raise UnreadableFile("cut off")

    async def living() -> None:
        pass

    with Ahead() as ahead:
        await ahead.look(broken(), RowReader(["a", "b", "c"], ColumnMapping({"a": "sku", "b": "name"}), "EUR"), living)
        for _ in range(2):
            again = ahead.lines()
            assert ([next(again) for _ in lines], ahead.share) == (lines, 1.0)
            with pytest.raises(UnreadableFile, match="cut off"):
                next(again)
        assert all(name in ahead.names for name in ("A", "lamp", "B", "bulb", "C"))
        assert "" not in ahead.names


@pytest.mark.parametrize(
    ("kinds", "code", "place"),
    [
        ({"Bad Kind": ["LATER"]}, "broken_kind", "/related/Bad Kind"),
        ({"parts": [f"S{n}" for n in range(51)]}, "too_many_related", "/related/parts"),
        ({f"k{n}": ["LATER"] for n in range(11)}, "too_many_related", "/related"),
    ],
)
def test_what_no_product_can_have_is_told_before_anybody_is_looked_for(
    kinds: dict[str, list[str]], code: str, place: str
) -> None:
    """Of what was still to come a dry run told nothing, and the import took the row in without it."""
    with pytest.raises(Rejected, match=f"^{place}: ") as rejected:
        said(json.dumps(kinds), columns={"a": "sku", "b": "name", "c": "json:related"})
    assert rejected.value.code == code


def test_kinds_that_are_empty_and_names_that_stand_twice_are_not_counted() -> None:
    kinds: dict[str, list[str]] = {f"k{n}": [] for n in range(11)}
    kinds |= {"parts": ["A", *(f"S{n}" for n in range(49)), "A"]}
    assert said(json.dumps(kinds), columns={"a": "sku", "b": "name", "c": "json:related"}) is not None


async def test_lines_that_are_kept_take_no_more_room_than_their_file_in_whatever_letters() -> None:
    """A shop that writes Cyrillic needed three times the room, and in a container that is memory."""
    text = "Настольная лампа " * 100

    async def living() -> None:
        pass

    with Ahead() as ahead:
        reader = RowReader(["a", "b"], ColumnMapping({"a": "sku", "b": "name"}), "EUR")
        await ahead.look(iter([Line(2, ["A", text])]), reader, living)
        assert [*ahead.lines()] == [Line(2, ["A", text])]
        assert ahead._file.seek(0, os.SEEK_END) < len(text.encode()) + 50
