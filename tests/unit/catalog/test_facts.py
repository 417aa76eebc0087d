"""Every limit of a product's facts has its own code and names its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from shared.events.catalog import Image, ProductFacts, Variant
from shared.ids import uuid7
from write_side.catalog import facts
from write_side.catalog.facts import checked
from write_side.errors import Refusal

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
LAMP = ProductFacts(
    slug="lamp", name="Lamp", brand="Lumeno", description="Bright.", product_type="Desk lamp", status="active",
    category_id=None, attributes={"power (W)": 9.5, "dimmable": True, "colours": ["red", 2]}, images=[],
    variants=[Variant(uuid7(), "LAMP", "036000291452")],
)  # fmt: skip


def variant(**changes: Any) -> list[Variant]:
    return [structs.replace(LAMP.variants[0], **changes)]


def test_good_facts_pass_with_their_ean_in_the_kept_form() -> None:
    assert checked(LAMP) == structs.replace(LAMP, variants=variant(ean="0036000291452"))


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"name": "  "}, "blank", "/name"),
        ({"name": "x" * 501}, "too_long", "/name"),
        ({"description": "nul \x00"}, "control_character", "/description"),
        ({"brand": "\ud800"}, "control_character", "/brand"),
        ({"slug": "Not a slug"}, "broken_slug", "/slug"),
        ({"slug": "lamp\n"}, "broken_slug", "/slug"),
        ({"attributes": {f"k{n}": n for n in range(1001)}}, "too_many_attributes", "/attributes"),
        ({"attributes": {"a/b~c": "\x07"}}, "control_character", "/attributes/a~1b~0c"),
        ({"attributes": {" ": 1}}, "blank", "/attributes/ "),
        ({"attributes": {"size": [1, 2**63]}}, "number_too_large", "/attributes/size/1"),
        ({"attributes": {"size": [1] * 1001}}, "too_many_values", "/attributes/size"),
        ({"images": [Image("https://a.example/1.jpg")] * 101}, "too_many_images", "/images"),
        ({"images": [Image("javascript:alert(1)")]}, "broken_image_url", "/images/0/url"),
        ({"publish_at": NOON + timedelta(seconds=1)}, "no_whole_minute", "/publish_at"),
        ({"unpublish_at": NOON + timedelta(microseconds=1)}, "no_whole_minute", "/unpublish_at"),
        ({"publish_at": NOON, "unpublish_at": NOON}, "never_published", "/unpublish_at"),
        ({"variants": []}, "no_variants", "/variants"),
        ({"variants": LAMP.variants * 2}, "duplicate_sku", "/variants/1/sku"),
        ({"variants": [Variant(uuid7(), f"S{n}") for n in range(501)]}, "too_many_variants", "/variants"),
        ({"variants": variant(ean="036000291453")}, "broken_ean", "/variants/0/ean"),
        ({"variants": variant(sku=" LAMP")}, "broken_sku", "/variants/0/sku"),
        ({"variants": variant(sku=".")}, "broken_sku", "/variants/0/sku"),
        ({"variants": variant(sku="..")}, "broken_sku", "/variants/0/sku"),
        ({"variants": variant(sku="LA\nMP")}, "broken_sku", "/variants/0/sku"),
        ({"images": [Image("https://a.example/1.jpg\n")]}, "broken_image_url", "/images/0/url"),
        ({"variants": variant(options={f"o{n}": "x" for n in range(21)})}, "too_many_options", "/variants/0/options"),
        ({"attributes": {f"k{n}": "x" * 40_000 for n in range(4)}}, "facts_too_large", ""),
    ],
)  # fmt: skip
def test_each_limit_has_its_code_and_place(changes: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        checked(structs.replace(LAMP, **changes))
    assert (refused.value.code, refused.value.facts["pointer"]) == (code, pointer)
    assert refused.value.status == 422


def test_as_much_as_is_allowed_passes() -> None:
    many = {f"attribute {n}": n for n in range(facts.ATTRIBUTES)}
    images = [Image(f"https://a.example/{n}.jpg") for n in range(facts.IMAGES)]
    variants = [Variant(uuid7(), f"S{n}") for n in range(facts.VARIANTS)]
    assert checked(structs.replace(LAMP, attributes=many, images=images, variants=variants))
