import gzip
from pathlib import Path

import pytest

from write_side.imports import reading
from write_side.imports.reading import Encoding, Line, Table, UnreadableFile, open_table


def lines_of(path: Path) -> tuple[list[str], list[Line]]:
    with open_table(path) as table:
        return table.columns, list(table)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.tsv", "\t"), ("a.csv", ","), ("a.csv", ";"), ("a", "\t"), ("a.txt", "|")]
)
def test_any_delimiter_packed_or_not(tmp_path: Path, name: str, delimiter: str, packed: bool) -> None:
    text = delimiter.join(("id", "name")) + "\r\n" + delimiter.join(("1", "Lämp")) + "\r\n"
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert lines_of(path) == (["id", "name"], [Line(2, ["1", "Lämp"])])


def test_quotes_line_ends_in_cells_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(b'\xef\xbb\xbfid\tname\n1\t"17"" wide,\ntwo lines"\n2\t17" plain\n')
    columns, lines = lines_of(path)
    assert columns == ["id", "name"]
    assert lines == [Line(2, ["1", '17" wide,\ntwo lines']), Line(4, ["2", '17" plain'])]


def test_broken_rows_are_told_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n1\n\n2,B\xffd,x\n3,\xff\n4,good\n5," + b"x" * 1_000_001 + b"\n6,good\n")
    lines = lines_of(path)[1]
    assert [(line.number, line.broken is None) for line in lines] == [
        (2, False), (4, False), (5, False), (6, True), (7, False), (8, True)
    ]  # fmt: skip
    assert lines[2].broken == "column 'name' is not utf-8: the byte 0xff; the mapping's `encoding` says another"


def test_of_a_packed_file_no_more_is_read_than_may_be_and_no_line_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,name\n" + b"1,Lamp\n" * 10_000))
    with open_table(path, most=20_000) as table, pytest.raises(UnreadableFile, match="larger than 20000 bytes"):
        list(table)
    path.write_bytes(gzip.compress(b"id,name\n1,Lamp\n" + b"x" * 9_000_000))
    with open_table(path) as table, pytest.raises(UnreadableFile, match="a row of more than"):
        list(table)


def test_a_file_of_empty_lines_keeps_nobody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,name\n" + b"\n" * reading.MOST_EMPTY + b"1,Lamp\n"))
    assert [line.cells for line in lines_of(path)[1]] == [["1", "Lamp"]]
    path.write_bytes(gzip.compress(b"id,name\n1,Lamp\n" + b"\n" * 1_000_000))
    with open_table(path) as table, pytest.raises(UnreadableFile, match="empty lines up to line 10003"):
        assert [line.cells for line in table] == [["1", "Lamp"]]


def test_columns_without_a_name_say_nothing_and_of_two_with_one_name_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name,,\n1,Lamp,,\n")
    assert lines_of(path) == (["id", "name", "", ""], [Line(2, ["1", "Lamp", "", ""])])
    path.write_bytes(b"id,name,,id\n1,Lamp,,2\n")
    with pytest.raises(UnreadableFile, match="two columns have the same name: 'id'"):
        lines_of(path)


def test_a_line_of_very_many_columns_is_read_in_one_walk(tmp_path: Path) -> None:
    """Each was looked for among all before it: hours for one file, while nobody else's went in."""
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{n}" for n in range(400_000)))
    assert len(lines_of(path)[0]) == 400_000


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bnonsense", b"a,a\n1,2\n"])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile):
        lines_of(path)


def test_whoever_sent_a_file_is_not_told_where_it_lay(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x1f\x8bnonsense")
    with pytest.raises(UnreadableFile) as told:
        lines_of(path)
    assert str(tmp_path) not in str(told.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        lines_of(tmp_path / "nothing.csv")
    with pytest.raises(UnreadableFile):
        lines_of(tmp_path)


def test_a_file_cut_off_gives_what_stood_before(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    rows = "".join(f"{n},{n * n * 7919}\n" for n in range(20_000))
    path.write_bytes(gzip.compress(f"id,name\n{rows}".encode())[:-20_000])
    found: list[Line] = []
    with open_table(path) as table, pytest.raises(UnreadableFile, match="broken after line"):
        found.extend(table)
    assert len(found) > 1000


def test_the_share_read_grows_to_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n" + "1\n" * 100_000)
    with open_table(path) as table:
        assert isinstance(table, Table)
        assert table.read_share < 0.5
        assert len(list(table)) == 100_000
        assert table.read_share == 1


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1", "iso-8859-15"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_in_the_encoding_that_is_said(tmp_path: Path, encoding: Encoding, packed: bool) -> None:
    path = tmp_path / "a.csv"
    content = "id;größe\n1;Lämpchen\n".encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    with open_table(path, encoding) as table:
        assert (table.columns, list(table)) == (["id", "größe"], [Line(2, ["1", "Lämpchen"])])


def test_bytes_that_an_encoding_does_not_have_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,5 €\n2,".encode("windows-1252") + b"\x81\n")
    with open_table(path, "windows-1252") as table:
        good, bad = list(table)
    assert (good.cells, good.broken) == (["1", "5 €"], None)
    assert bad.broken is not None and "windows-1252: the byte 0x81" in bad.broken


def test_a_first_line_in_another_encoding_is_refused_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,größe\n1,2\n".encode("latin-1"))
    with pytest.raises(UnreadableFile, match=r"0xf6.*encoding"):
        lines_of(path)


def test_a_row_that_goes_on_over_many_lines_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1000)
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n1,x\n2,\"y\n" + b'","\n' * 400)
    with open_table(path) as table:
        rows = iter(table)
        assert next(rows).cells == ["1", "x"]
        with pytest.raises(UnreadableFile, match="a row of more than"):
            next(rows)
    path.write_bytes(b"id,name\n" + b"1,x\n" * 1000)
    assert len(lines_of(path)[1]) == 1000, "each row is counted by itself"
