"""What a carrier is told of an address."""

from msgspec import structs

from shared.documents.orders import Address
from write_side.customers import Contact
from write_side.fulfilment.booking.gateway import on_the_label

SAID = Address("Ada", "Hill Road 1", "Berlin", "10115", "DE", gift_card_mail="aunt@x.example", vat_id="DE136695976")


def test_the_carrier_is_told_where_it_goes_and_nothing_that_is_not_its_business() -> None:
    whole = structs.asdict(SAID)
    assert on_the_label(Contact("ada@x.example", SAID)) == {
        name: said for name, said in whole.items() if name not in ("gift_card_mail", "vat_id")
    }
