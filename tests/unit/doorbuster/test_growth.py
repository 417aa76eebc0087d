"""How the shop grows: lines that outlast a run that dies, and the chart and tables made of them."""

from pathlib import Path
from xml.etree import ElementTree

from msgspec import structs

from doorbuster.bench.growth import drawing, filling, lines, tables
from doorbuster.bench.growth.lines import COLD, Figures, Filling, Kind, Portion, Size
from doorbuster.sample_catalog import rows, write_catalog

SVG = "{http://www.w3.org/2000/svg}"


def size_of(products: int) -> Size:
    fast = Figures(1000.0, 1.0, 2.0, 3.0, {"read-api": 0.04, "load": 0.01}, 0.1)
    cost = {"elasticsearch": products / 1e5, "read-api": 1.5, "mail": 0.001, "load": 0.02}
    slow = Figures(90.0, 10.0, 80.0, 95.0, cost, 1.2)
    ways = {COLD: slow, "1": slow, "32": slow}
    kinds = {"product_page": Kind(500, {"1": fast, "32": fast}, {"1": fast, "32": fast})}
    kinds["search"] = Kind(300, ways, {"32": slow}, {"1": "too slow"})
    filling = Filling(products, 3 * products, products / 1000, products / 2000, {"postgres": 0.2, "import": 0.1})
    stores = {
        store: {"all": 3000 * products, "most": 2000 * products} for store in ("elasticsearch", "valkey", "postgres")
    }
    return Size(
        products, "2026-11-26T18:00:00+00:00", "2 cores", 3.0, 2, filling, stores, kinds, {"listing": "503 <a>"}
    )


SIZES = [size_of(20_000), size_of(100_000), size_of(1_000_000)]


def test_lines_come_back_by_size_and_the_last_of_a_size_stands(tmp_path: Path) -> None:
    file = tmp_path / "new" / "growth.jsonl"
    assert lines.read(file) == []
    again = structs.replace(SIZES[0], at="later")
    for size in (SIZES[1], SIZES[0], again):
        lines.append(file, size)
    assert lines.read(file) == [again, SIZES[1]]


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    file = tmp_path / "growth.jsonl"
    lines.append(file, SIZES[0])
    whole = file.read_bytes()
    lines.append(file, SIZES[1])
    file.write_bytes(file.read_bytes()[: len(whole) + 40])
    lines.append(file, SIZES[2])
    assert lines.read(file) == [SIZES[0], SIZES[2]]


def test_a_filling_is_its_portions_together_with_the_cost_of_a_product(tmp_path: Path) -> None:
    file = tmp_path / "portions.jsonl"
    for portion in (
        Portion(100, 100, 300, 1.0, 2.0, {"postgres": 50.0, "import": 30.0}),
        Portion(400, 300, 900, 3.26, 6.0, {"postgres": 250.0, "worker": 0.1}),
    ):
        lines.append(file, portion)
    with file.open("ab") as cut_off:
        cut_off.write(b'\n{"until":500,')
    found = filling.filling(lines.read_portions(file))
    assert found == Filling(400, 1200, 4.3, 8.0, {"postgres": 0.75, "import": 0.075})


def test_the_chart_is_an_svg_in_which_each_size_stands_and_ten_times_as_much_is_as_far() -> None:
    drawn = ElementTree.fromstring(drawing.chart(SIZES))
    told = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"20,000", "100,000", "1,000,000"} <= set(told)
    ends = [
        [float(place.split(",")[0]) for place in line.attrib["points"].split()] for line in drawn.iter(f"{SVG}polyline")
    ]
    assert ends
    for first, middle, last in ends:
        assert round((middle - first) / (last - first), 2) == 0.41  # log 5 / log 50


def test_what_the_generator_costs_is_no_cost_of_an_answer() -> None:
    titles = dict(drawing.panels(SIZES))
    assert [round(cost, 2) for _, cost in titles["Search with four facets: CPU ms an answer"]["warm"]] == [
        1.7,
        2.5,
        11.5,
    ]


def test_one_size_and_kinds_that_failed_are_drawn_too() -> None:
    alone = structs.replace(SIZES[0], kinds={})
    assert ElementTree.fromstring(drawing.chart([alone]))
    assert "| 20,000 | 2026-11-26T18:00:00+00:00 | 2 of 3 s | Listing of a category |" in tables.tables([alone])
    assert "| 2 of 3 s | Listing of a category; Search with four facets 1 client |" in tables.tables(SIZES[:1])


def test_the_page_keeps_its_words_and_gets_new_figures() -> None:
    page = f"words\n{drawing.BEGIN}\nfigures of before\n{drawing.END}\nmore\n"
    once = drawing.with_figures(page, tables.tables(SIZES))
    assert once.startswith("words\n")
    assert once.endswith(f"{drawing.END}\nmore\n")
    assert "figures of before" not in once
    assert "| 1,000,000 | 32 clients | 90 | 10 | 80 | 95 | elasticsearch 10, read-api 1.5 |" in once
    assert "mail" not in once  # it only idled
    assert drawing.with_figures(once, tables.tables(SIZES)) == once


def test_a_larger_catalog_holds_the_smaller_one(tmp_path: Path) -> None:
    write_catalog(tmp_path / "first.tsv", 20, 1)
    write_catalog(tmp_path / "rest.tsv", 50, 1, after=20)
    told = [line for name in ("first.tsv", "rest.tsv") for line in (tmp_path / name).read_text().splitlines()[1:]]
    assert [line.split("\t")[0] for line in told] == [row[0] for row in rows(50, 1)]
