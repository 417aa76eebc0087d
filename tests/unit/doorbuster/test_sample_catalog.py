import csv
from collections import Counter
from pathlib import Path

from doorbuster.sample_catalog import COLUMNS, rows, write_catalog
from shared.ean import normalized
from write_side.imports import DEFAULT
from write_side.imports.reading import Line
from write_side.imports.rows import RowReader


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a.tsv.gz", "b.tsv.gz"):
        write_catalog(tmp_path / name, 50, seed=7)
    write_catalog(tmp_path / "c.tsv.gz", 50, seed=8)
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()
    assert (tmp_path / "a.tsv.gz").read_bytes() != (tmp_path / "c.tsv.gz").read_bytes()


def test_every_row_is_one_that_the_import_takes() -> None:
    reader = RowReader(COLUMNS, DEFAULT, "EUR")
    made = [reader.read(Line(n, cells)) for n, cells in enumerate(rows(500, seed=1))]
    assert len({row.sku for row in made}) == len({row.variants[0].ean for row in made}) == 500
    assert all(row.variants[0].ean == normalized(row.variants[0].ean or "") for row in made)
    assert all(row.variants[0].prices and row.images and row.attributes for row in made)
    kinds = Counter(row.category for row in made)
    assert len(kinds) == 15
    values = {type(value) for row in made for value in (row.attributes or {}).values()}
    assert values == {str, int, float, bool, list}


def test_a_plain_file_is_written_too(tmp_path: Path) -> None:
    write_catalog(tmp_path / "a.tsv", 3, seed=1)
    with (tmp_path / "a.tsv").open(newline="", encoding="utf-8") as text:
        assert next(csv.reader(text, delimiter="\t")) == COLUMNS
