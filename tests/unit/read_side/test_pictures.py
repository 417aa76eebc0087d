"""Addresses of images, and the page of one variant."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import structs

from read_side.answers import CATALOG, Answer
from read_side.pictures import Pictures
from read_side.products.showcase import Showcase, axes_of, chosen
from shared.documents.images import ImageSize, ShownImage
from shared.documents.products import PageVariant, ProductPage
from shared.http.problems import Problem
from tests.integration.read_side.shelves import a_page

CDN = Pictures("https://cdn.example/shop/", "https://cdn.example/{width}/{path}", [640, 320])
MADE = Pictures("https://cdn.example", "https://img.example/w{width}?from={url}", [320])


def test_a_path_gets_the_base_and_the_sizes_and_an_address_stays() -> None:
    lamp = CDN.hung(ShownImage("/lamps/red.jpg", "front"))
    assert (lamp.url, lamp.alt) == ("https://cdn.example/shop/lamps/red.jpg", "front")
    assert lamp.sizes == [ImageSize(w, f"https://cdn.example/{w}/lamps/red.jpg") for w in (320, 640)]
    elsewhere = ShownImage("https://a.example/1.jpg?v=2", "")
    assert CDN.hung(elsewhere) == elsewhere, "nobody makes it smaller there"
    assert MADE.hung(elsewhere).sizes == [
        ImageSize(320, "https://img.example/w320?from=https%3A%2F%2Fa.example%2F1.jpg%3Fv%3D2")
    ]
    assert Pictures("", "", []).hung(ShownImage("a.jpg", "")) == ShownImage("a.jpg", "")


@pytest.mark.parametrize(
    ("template", "widths"), [("", [320]), ("https://a.example/{path}", [1]), ("{width}{url}", [0])]
)
def test_settings_that_make_no_addresses_are_refused(template: str, widths: list[int]) -> None:
    with pytest.raises(ValueError, match="IMAGE_"):
        Pictures("", template, widths)


def test_only_the_images_of_a_page_are_changed_whatever_its_texts_say() -> None:
    tricky = '"images":[{"url":"a.jpg","alt":"","sizes":[]}]'
    page = structs.replace(
        a_page(), description=tricky, attributes={"images": ["a.jpg"], tricky: tricky}, images=[ShownImage("a.jpg", "")]
    )
    changed = msgspec.json.decode(CDN.on(msgspec.json.encode(page)), type=ProductPage)
    assert changed == structs.replace(page, images=[CDN.hung(page.images[0])])
    bare = msgspec.json.encode(structs.replace(page, images=[]))
    assert CDN.on(bare) == bare


def shirt() -> ProductPage:
    """Two colours and two sizes; the small red one is sold out, a large blue one is not made."""
    made: list[Any] = [("S", "red", "out", [0]), ("M", "red", "in", [0]), ("S", "blue", "low", [1, 2])]
    variants = [
        PageVariant(uuid4(), f"{size}-{colour}", None, "", {"size": size, "colour": colour}, [], level, places)
        for size, colour, level, places in made
    ]
    return structs.replace(a_page(), images=[ShownImage(f"{n}.jpg", "") for n in range(3)], variants=variants)


def test_the_page_of_a_variant_has_its_images_and_tells_what_else_there_is() -> None:
    page = chosen(shirt(), "M-red")
    assert [variant.sku for variant in page.variants] == ["M-red"]
    assert [image.url for image in page.images] == ["0.jpg"]
    told = {axis.name: [(v.value, v.sku, v.availability, v.exact) for v in axis.values] for axis in page.axes or []}
    assert told == {
        "size": [("S", "S-red", "out", True), ("M", "M-red", "in", True)],
        "colour": [("red", "M-red", "in", True), ("blue", "S-blue", "low", False)],
    }
    with pytest.raises(Problem) as refused:
        chosen(shirt(), "L-red")
    assert refused.value.status == 404


def test_the_variant_that_is_chosen_is_what_its_own_values_lead_to() -> None:
    page = shirt()
    twin = structs.replace(page.variants[0], sku="twin", availability="in")
    axes = axes_of([*page.variants, twin], page.variants[0])
    assert {value.sku for axis in axes for value in axis.values if value.value in ("S", "red")} == {"S-red"}


def test_the_bytes_of_a_page_go_out_as_they_lie_where_nothing_is_to_be_done() -> None:
    page: Answer[ProductPage] = Answer.made(shirt(), CATALOG)
    assert Showcase(Pictures("", "", [])).shown(page, None) is page
    hung = Showcase(CDN).shown(structs.replace(page, stale="behind"), None)
    assert hung.stale == "behind" and hung.etag not in (page.etag, Showcase(MADE).shown(page, None).etag)


def test_an_index_of_before_has_an_address_alone() -> None:
    pictures = Pictures("https://cdn.example", "", [])
    assert pictures.first("lamp.jpg", ()) == pictures.first({"url": "lamp.jpg"}, ())
    assert pictures.first(None, ()) is None
