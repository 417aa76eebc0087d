"""How a mail reads."""

from uuid import UUID

from shared.events.orders import OrderTax, PricedLine, Totals
from shared.events.refunds import RefundedLine
from tests.fixtures.write_side import TEXTS
from write_side.notifications.domain import Mail, message_id
from write_side.notifications.letters import NUMBER, Recipient, confirmation, refunded, written

MAIL = Mail(UUID(int=7), UUID(int=8), "order_confirmation", "<7@shop.example>", "queued", 1)
TO = Recipient(
    "7F3K-29QM", "ada@example.org", "Ada <b>", ["Ada <b>", "Hill Road 1"],
    "https://shop.example/v1/orders/8?token=a.b&x=1",
)  # fmt: skip
LINES = [PricedLine("LAMP", UUID(int=1), UUID(int=2), "Lamp & shade", 2, 1999, 3998, 760)]
SAY = TEXTS.voice(number=NUMBER)
CONFIRMATION = confirmation(SAY, LINES, Totals("EUR", 3998, 490, 777, 4865, 400))


def test_html_is_escaped_and_plain_text_is_not() -> None:
    message = written(SAY, CONFIRMATION, TO, MAIL, "Shop <shop@shop.example>", "c-1")
    assert message["X-Correlation-Id"] == "c-1"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "2 × Lamp & shade: €39.98" in plain.get_content()
    assert "Discount: -€4.00" in plain.get_content()
    assert "Lamp &amp; shade" in html.get_content()
    assert "Ada &lt;b&gt;" in html.get_content()
    assert "token=a.b&amp;x=1" in html.get_content()


def test_each_tax_has_its_line_and_those_in_prices_stand_below_the_total() -> None:
    taxes = [OrderTax("QST", 99_750, 1000, 100, included=False), OrderTax("VAT", 190_000, 1000, 190, included=True)]
    letter = confirmation(SAY, LINES, Totals("EUR", 3998, 490, 100, 4588), taxes, duties_due=True)
    assert [row for row in letter.sums if row[0] not in ("Subtotal", "Shipping")] == [
        ("QST 9.975 %", "€1.00"), ("Total", "€45.88"), ("including VAT 19 %", "€1.90"),
    ]  # fmt: skip
    assert "Duties and import taxes are not in the total" in letter.text
    alone = confirmation(SAY, LINES, Totals("EUR", 3998, 490, 0, 4488), taxes[1:])
    assert "Tax" not in dict(alone.sums), "all of it is in the prices"
    owed = [OrderTax("VAT", 0, 4488, 0, included=False, note="reverse_charge")]
    to_a_business = confirmation(SAY, LINES, Totals("EUR", 3998, 490, 0, 4488), owed)
    assert ("VAT 0 %", "€0.00") in to_a_business.sums
    assert "reverse charge" in to_a_business.text
    assert ("Tax", "€7.77") in CONFIRMATION.sums, "an order from before there were several"


def test_the_message_id_is_the_mails_own_at_the_senders_domain() -> None:
    assert message_id(MAIL.id, "Shop <shop@shop.example>") == f"<{MAIL.id}@shop.example>"
    assert written(SAY, CONFIRMATION, TO, MAIL, "shop@shop.example", "c-1")["Message-ID"] == MAIL.message_id


def test_a_refund_says_what_comes_back_and_for_what() -> None:
    letter = refunded(SAY, 2379, "EUR", [RefundedLine("LAMP", 1, 2379)], LINES)
    plain = written(SAY, letter, TO, MAIL, "shop@shop.example", "c-1").get_body(("plain",))
    assert plain is not None
    for said in ("€23.79 of your order 7F3K-29QM", "1 × Lamp & shade: €23.79", "Refunded: €23.79"):
        assert said in plain.get_content()
    assert "It goes to" not in plain.get_content()
