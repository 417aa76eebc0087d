"""Which versions of a read model are this release's own."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from projector.read_models import product_search
from projector.versions import Version, foreign, left_behind, ours

MODEL = product_search.MODEL


def version(name: str, read_model: str = MODEL.name) -> Version:
    return Version(read_model, name, "retired", datetime.now(UTC), None)


@pytest.mark.parametrize("name", [MODEL.version, f"{MODEL.version}.7"])
def test_a_version_of_this_release_is_its_own(name: str) -> None:
    mine = ours([MODEL], version(name))
    assert mine is not None
    assert mine.version == name
    assert foreign([MODEL], version(name)) is None


def test_what_is_served_and_is_not_this_releases_own_is_left_behind() -> None:
    served = [version(name) for name in ("v0.3", MODEL.version, f"{MODEL.version}.7")]
    served = [structs.replace(each, state="live") for each in (*served, version("v1", "gone"))]
    assert [each.version for each in left_behind([MODEL], [*served, version("v0")])] == ["v0.3"]


def test_what_another_release_made_can_be_deleted_and_nothing_else() -> None:
    assert ours([MODEL], version("v0.3")) is None
    stranger = foreign([MODEL], version("v0.3"))
    assert stranger is not None
    assert (stranger.name, stranger.version, stranger.sink) == (MODEL.name, "v0.3", MODEL.sink)
    assert foreign([MODEL], version("v1", "gone")) is None
