"""How VAT ids are spelled, and that a digit typed wrong is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from write_side.customers.domain import AddressInput, BrokenAddress
from write_side.customers.postal import usable_address
from write_side.customers.vat_ids import usable_vat_id

ADDRESS = AddressInput("Ada Lovelace", "Hill Road 1", "Berlin", "10115", "DE")
GOOD = [
    "ATU13585627", "BE0411905847", "DE136695976", "EL094259216", "ESB58378431", "FR40303265045", "IT00743110157",
    "NL004495445B01", "XI980780684",
]  # fmt: skip


@pytest.mark.parametrize("vat_id", GOOD)
def test_a_vat_id_is_taken_however_it_is_spaced(vat_id: str) -> None:
    assert usable_vat_id(vat_id) == vat_id
    assert usable_vat_id(f" {vat_id[:2].lower()} {vat_id[2:5]} {vat_id[5:]}") == vat_id


@given(at=st.integers(2, 10), digit=st.sampled_from("0123456789"))
def test_any_one_digit_typed_wrong_is_noticed(at: int, digit: str) -> None:
    typed = "DE136695976"
    wrong = f"{typed[:at]}{digit}{typed[at + 1 :]}"
    assert (usable_vat_id(wrong) is not None) is (wrong == typed)


@pytest.mark.parametrize("typed", ["GB980780684", "EU372000041", "GR094259216", "CHE107787577", "DE", "ATU13585628"])
def test_what_no_member_state_issues_is_none(typed: str) -> None:
    assert usable_vat_id(typed) is None


@given(st.text(max_size=30) | st.from_regex(r"(AT|DE|FR|IE|NL|ES|CY)[ -~]{0,15}", fullmatch=True))
def test_whatever_is_typed_is_refused_or_spelled_one_way(typed: str) -> None:
    spelled = usable_vat_id(typed)
    assert spelled is None or (usable_vat_id(spelled) == spelled and spelled.isascii())


def test_it_is_part_of_an_address_and_named_where_it_is_wrong() -> None:
    assert usable_address(structs.replace(ADDRESS, vat_id="de 136 695 976")).vat_id == "DE136695976"
    assert usable_address(ADDRESS).vat_id == ""
    with pytest.raises(BrokenAddress) as refused:
        usable_address(structs.replace(ADDRESS, vat_id="DE136695978"))
    [error] = refused.value.facts["errors"]
    assert (error.pointer, error.code) == ("/address/vat_id", "vat_id_invalid")
