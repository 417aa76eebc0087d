"""The data dictionary is made of the contracts, and is the one that is published."""

from pathlib import Path

import pytest

from doorbuster.dictionary import RECORDS, dictionary, meta_of
from projector.read_models.all import READ_MODELS
from shared.documents import observations
from shared.documents.indices import INDICES, OBSERVED

PAGE = Path(__file__).parents[3] / "docs" / "data-dictionary.md"
VERSIONS = {model.name: int(model.version[1:]) for model in READ_MODELS} | dict.fromkeys(
    OBSERVED, int(observations.VERSION[1:])
)


def test_the_published_dictionary_is_today_s() -> None:
    assert PAGE.read_text() == dictionary(), "make dictionary"


def test_every_index_is_told_of() -> None:
    assert set(RECORDS) == set(INDICES) | set(OBSERVED)


@pytest.mark.parametrize("alias", RECORDS)
def test_each_field_has_a_meaning_and_a_version_that_was(alias: str) -> None:
    page = dictionary().partition(f"\n## {alias}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert {f"`{name}`" for name in RECORDS[alias].__struct_fields__} <= {line[0] for line in lines}
    for name, type_, unit, meaning, since in lines:
        assert len(meaning) > 3, name
        assert 1 <= int(since[1:]) <= VERSIONS[alias], name
        assert ("minor units" in unit) == ("_minor" in name or name.endswith(("`prices`", ".prices`"))), name
        assert type_ != "nested" or any(line[0].startswith(name[:-1] + ".") for line in lines), name


def test_a_field_that_nobody_explained_has_no_meaning() -> None:
    assert meta_of(int).description is None


@pytest.mark.parametrize("kind", OBSERVED)
def test_an_index_of_observations_knows_its_record_s_fields(kind: str) -> None:
    assert set(OBSERVED[kind]["mappings"]["properties"]) == set(observations.RECORDS[kind].__struct_fields__)
