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
        ({"name": "\u200b\ufeff\u2060 "}, "blank", "/name"),
        ({"name": "\u2800\u3164\u115f\u1160\uffa0"}, "blank", "/name"),
        ({"name": "x" * 501}, "too_long", "/name"),
        ({"description": "nul \x00"}, "control_character", "/description"),
        ({"brand": "\ud800"}, "control_character", "/brand"),
        ({"slug": "Not a slug"}, "broken_slug", "/slug"),
        ({"slug": "lamp\n"}, "broken_slug", "/slug"),
        ({"attributes": {f"k{n}": n for n in range(1001)}}, "too_many_attributes", "/attributes"),
        ({"attributes": {"a/b~c": "\x07"}}, "control_character", "/attributes/a~1b~0c"),
        ({"attributes": {" ": 1}}, "blank", "/attributes/ "),
        ({"attributes": {"\u200d": 1}}, "blank", "/attributes/\u200d"),
        ({"attributes": {"size": [1, 2**63]}}, "number_too_large", "/attributes/size/1"),
        ({"attributes": {"size": [1] * 1001}}, "too_many_values", "/attributes/size"),
        ({"images": [Image("https://a.example/1.jpg")] * 101}, "too_many_images", "/images"),
        ({"images": [Image("javascript:alert(1)")]}, "broken_image_url", "/images/0/url"),
        *(
            ({"images": [Image(path)]}, "broken_image_url", "/images/0/url")
            for path in ("//a.example/1.jpg", "a/../../1.jpg", "data:image/png,", "1.jpg?w=1", "a b.jpg", "ftp://a/1.jpg")
        ),
        ({"images": [Image("1.jpg", alts={"de": "x" * 501})]}, "too_long", "/images/0/alts/de"),
        ({"images": [Image("1.jpg", alts={"German": "x"})]}, "broken_locale", "/images/0/alts/German"),
        ({"images": [Image("1.jpg")], "variants": variant(images=[1])}, "no_such_image", "/variants/0/images"),
        ({"images": [Image("1.jpg")], "variants": variant(images=[0, 0])}, "no_such_image", "/variants/0/images"),
        ({"related": {"Big": [uuid7()]}}, "broken_kind", "/related/Big"),
        ({"related": {"parts": [uuid7() for _ in range(51)]}}, "too_many_related", "/related/parts"),
        ({"related": {f"k{n}": [uuid7()] for n in range(11)}}, "too_many_related", "/related"),
        ({"related": {"parts": [LAMP.variants[0].variant_id] * 2}}, "related_twice", "/related/parts"),
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
        ({"attributes": {f"k{n}": "x" * 40_000 for n in range(8)}}, "facts_too_large", ""),
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


def test_500_variants_on_three_axes_with_images_and_eans_fit() -> None:
    images = [Image(f"shirts/linen-shirt-midnight-blue-{n}.jpg", alts={"de": "Leinenhemd"}) for n in range(100)]
    variants = [
        Variant(
            uuid7(), f"LINEN-SHIRT-MIDNIGHT-BLUE-XXL-{n}", "4006381333931", "Midnight blue, XXL, 34",
            {"Colour": f"Midnight blue {n % 10}", "Size": f"XXL {n // 10 % 10}", "Length": f"{n // 100}"}, 350,
            images=[n % 100],
        )
        for n in range(facts.VARIANTS)
    ]  # fmt: skip
    assert checked(structs.replace(LAMP, description="x" * 10_000, images=images, variants=variants))
