"""How a confirmation reads."""

from uuid import UUID

from write_side.notifications.domain import Confirmation, Line, Mail, confirmation, message_id

MAIL = Mail(UUID(int=7), UUID(int=8), "order_confirmation", "<7@shop.example>", "queued", 1)
CONTENT = Confirmation(
    "7F3K-29QM", "ada@example.org", "Ada <b>", ["Ada <b>", "Hill Road 1"], [Line("Lamp & shade", 2, 3998)], "EUR",
    3998, 490, 400, 777, 4865, "https://shop.example/v1/orders/8?token=a.b&x=1",
)  # fmt: skip


def test_html_is_escaped_and_plain_text_is_not() -> None:
    message = confirmation(CONTENT, MAIL, "Shop <shop@shop.example>", "c-1")
    assert message["X-Correlation-Id"] == "c-1"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "2 × Lamp & shade: 39.98 EUR" in plain.get_content()
    assert "Discount: -4.00 EUR" in plain.get_content()
    assert "Lamp &amp; shade" in html.get_content()
    assert "Ada &lt;b&gt;" in html.get_content()
    assert "token=a.b&amp;x=1" in html.get_content()


def test_the_message_id_is_the_mails_own_at_the_senders_domain() -> None:
    assert message_id(MAIL.id, "Shop <shop@shop.example>") == f"<{MAIL.id}@shop.example>"
    assert confirmation(CONTENT, MAIL, "shop@shop.example", "c-1")["Message-ID"] == MAIL.message_id
