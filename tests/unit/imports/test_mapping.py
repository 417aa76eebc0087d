from pathlib import Path

import pytest

from write_side.imports.mapping import DEFAULT, BrokenMapping, ColumnMapping, check, read_mapping


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml, json = tmp_path / "m.toml", tmp_path / "m.json"
    toml.write_text('price_unit = "major"\n[columns]\n"Art" = "sku"\n"Title" = "name"\n"C" = "attribute:colour"\n')
    json.write_text('{"price_unit": "major", "columns": {"Art": "sku", "Title": "name", "C": "attribute:colour"}}')
    assert read_mapping(toml) == read_mapping(json)
    assert read_mapping(toml).columns["C"] == "attribute:colour"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"columns": {"a": "sku"}}', "no column is 'name'"),
        ('{"columns": {"a": "sku", "b": "name", "c": "weight"}}', "no field 'weight'"),
        ('{"columns": {"a": "sku", "b": "name", "c": "related:Big ones"}}', "names no kind"),
        ('{"columns": {"a": "sku", "b": "name", "c": "attribute:"}}', "no field"),
        ('{"columns": {"a": "sku", "b": "name", "c": "name"}}', "two columns"),
        ('{"columns": {"a": "sku", "b": "name"}, "price_unit": "cents"}', "price_unit"),
        ('{"columns": {"a": "sku", "b": "name"}, "colour": 1}', "colour"),
        ('{"columns": {"a": "sku", "b": "name"}, "feature_separator": ""}', "feature_separator is empty"),
        ('{"columns": {"a": "sku", "b": "name"}, "decimal_separator": ","}', "price_unit"),
        ('{"columns": {"a": "sku", "b": "name"}, "price_unit": "major", "decimal_separator": ";"}', "decimal_"),
        ('{"columns": {"a": "sku", "b": "name"}, "price_unit": "major", "thousands_separator": "."}', "are the same"),
        ('{"columns": {"a": "sku", "b": "name"}, "encoding": "ebcdic"}', "encoding"),
        ("{", "m.json"),
        ("[" * 100_000, "m.json"),
        ('{"columns": {"a": "sku"}, "b": ' + "[" * 100_000, "m.json"),
    ],
)
def test_a_broken_mapping_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(BrokenMapping, match=said):
        read_mapping(path)


def test_a_mapping_that_is_not_there_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenMapping):
        read_mapping(tmp_path / "nothing.toml")


def test_the_default_is_a_good_mapping() -> None:
    check(DEFAULT)
    assert ColumnMapping(DEFAULT.columns).column_of("price") == "price"
