"""What a usable contact is."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.values import BOUNDED
from write_side.customers import AddressInput, BrokenAddress, BrokenMail, contact, known_region, usable_address

ADDRESS = AddressInput("Ada Lovelace", "Analytical Road 36", "London", "SW1Y 4QU", "GB")
HOMES: dict[str, dict[str, str]] = {
    "GB": {"postal_code": "SW1Y 4QU"},
    "DE": {"postal_code": "10115"},
    "US": {"postal_code": "60601", "region": "IL"},
    "ES": {"postal_code": "35001", "region": "GC"},
    "PL": {"postal_code": "00-950"},
    "IE": {"postal_code": "D02 X285", "region": "Co. Dublin"},
    "AE": {"postal_code": "", "region": "أبو ظبي"},
}


def home(country: str, **said: str) -> AddressInput:
    return msgspec.structs.replace(ADDRESS, country=country, **HOMES[country] | said)


def wrong_in(address: AddressInput) -> list[tuple[str, str]]:
    with pytest.raises(BrokenAddress) as refused:
        usable_address(address)
    return [(error.pointer, error.code) for error in refused.value.facts["errors"]]


@pytest.mark.parametrize("mail", ["a@b.example", "first.last+tag@sub.domain.example", " padded@example.org "])
def test_usable_mail_addresses(mail: str) -> None:
    assert contact(mail, ADDRESS).mail == mail.strip()


@pytest.mark.parametrize(
    "mail",
    ["", "a", "a@b", "@b.example", "a@b.example, c@d.example", "a b@c.example", "<a@b.example>", "a@b.example\nX: y",
     'a"@b.example', f"{'a' * 250}@b.example"],
)  # fmt: skip
def test_what_must_not_get_into_a_header(mail: str) -> None:
    with pytest.raises(BrokenMail):
        contact(mail, ADDRESS)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name_required"),
        ({"city": "x" * 201}, "city_too_long"),
        ({"line1": "a\x00b"}, "line1_unprintable"),
        ({"line2": "a\nb"}, "line2_unprintable"),
    ],
)
def test_a_field_that_cannot_be_printed_is_refused(change: dict[str, str], code: str) -> None:
    assert wrong_in(msgspec.structs.replace(ADDRESS, **change)) == [(f"/address/{next(iter(change))}", code)]


@pytest.mark.parametrize("country", HOMES)
def test_an_address_that_the_post_of_its_country_takes_is_taken_as_it_is(country: str) -> None:
    address = usable_address(home(country))
    assert (address.country, address.postal_code) == (country, HOMES[country]["postal_code"])
    assert address.region == HOMES[country].get("region", "")


@pytest.mark.parametrize(
    ("country", "typed", "spelled"),
    [
        ("GB", {"postal_code": "sw1y 4qu"}, "SW1Y 4QU"),
        ("PL", {"postal_code": "00950"}, "00-950"),
        ("DE", {"postal_code": "10 115"}, "10115"),
    ],
)
def test_a_postcode_is_written_as_its_country_writes_it(country: str, typed: dict[str, str], spelled: str) -> None:
    assert usable_address(home(country, **typed)).postal_code == spelled


@pytest.mark.parametrize(
    ("country", "region", "key"),
    [("US", " illinois", "IL"), ("US", "il", "IL"), ("ES", "las palmas", "GC"), ("DE", "Bayern", "Bayern")],
)
def test_a_region_is_what_its_country_abbreviates_it_to(country: str, region: str, key: str) -> None:
    assert usable_address(home(country, region=region)).region == known_region(country, region).strip() == key


@pytest.mark.parametrize(
    ("country", "change", "wrong"),
    [
        ("GB", {"postal_code": ""}, [("/address/postal_code", "postal_code_required")]),
        ("DE", {"postal_code": "1011"}, [("/address/postal_code", "postal_code_invalid")]),
        ("DE", {"postal_code": "101156"}, [("/address/postal_code", "postal_code_invalid")]),
        ("US", {"postal_code": "90001"}, [("/address/postal_code", "postal_code_invalid")]),  # of California
        ("US", {"region": ""}, [("/address/region", "region_required")]),
        ("US", {"region": "Bavaria"}, [("/address/region", "region_invalid")]),
        ("DE", {"city": "", "postal_code": "x"}, [("/address/city", "city_required"),
                                                  ("/address/postal_code", "postal_code_invalid")]),
    ],
)  # fmt: skip
def test_all_that_the_post_would_send_back_is_named_at_once(
    country: str, change: dict[str, str], wrong: list[tuple[str, str]]
) -> None:
    assert wrong_in(home(country, **change)) == wrong


@pytest.mark.parametrize("country", ["XX", "ZZ"])
def test_a_country_that_is_none_is_pointed_at(country: str) -> None:
    address = msgspec.structs.replace(ADDRESS, country=country)
    assert wrong_in(address) == [("/address/country", "country_invalid")]


def test_an_example_shows_what_is_meant() -> None:
    with pytest.raises(BrokenAddress) as refused:
        usable_address(home("PL", postal_code="x"))
    assert "like 00-950" in refused.value.facts["errors"][0].detail


TYPED = st.one_of(st.text(max_size=12), st.from_regex(r"[A-Za-z0-9 -]{0,10}", fullmatch=True))


@given(st.sampled_from(sorted({*HOMES, "CA", "CN", "JP", "BR", "HK", "VA"})), TYPED, TYPED, TYPED)
@BOUNDED
def test_whatever_is_typed_is_refused_or_usable_and_then_stays(country: str, city: str, region: str, code: str) -> None:
    address = AddressInput("Ada", "Hill Road 1", city, code, country, "", region)
    try:
        usable = usable_address(address)
    except BrokenAddress:
        return
    again: dict[str, Any] = msgspec.to_builtins(usable)
    assert usable_address(AddressInput(**again)) == usable


def test_a_contact_does_not_show_itself_by_accident() -> None:
    assert "Ada" not in repr(contact("a@b.example", ADDRESS))
