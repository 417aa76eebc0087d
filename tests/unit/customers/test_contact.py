"""What a usable contact is."""

import msgspec
import pytest

from write_side.customers.domain import AddressInput, BrokenAddress, BrokenMail, contact

ADDRESS = AddressInput("Ada Lovelace", "Analytical Road 36", "London", "SW1Y 4", "GB")


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


@pytest.mark.parametrize("change", [{"name": ""}, {"city": "x" * 201}, {"line1": "a\x00b"}, {"line2": "a\nb"}])
def test_a_field_that_cannot_be_printed_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(BrokenAddress) as refused:
        contact("a@b.example", msgspec.structs.replace(ADDRESS, **change))
    assert refused.value.facts["pointer"] == f"/address/{next(iter(change))}"


def test_a_contact_does_not_show_itself_by_accident() -> None:
    assert "Ada" not in repr(contact("a@b.example", ADDRESS))
