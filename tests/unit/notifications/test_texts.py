"""What mails say: complete in the languages that we ship, and in a merchant's files, which are read strictly."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import OrderTax, PricedLine, Totals
from shared.events.refunds import RefundedLine
from shared.money import EXPONENTS, Money
from tests.fixtures.write_side import TEXTS
from write_side.accounts.letters.sending import PAGES
from write_side.inventory.alerts import domain as alerts
from write_side.inventory.alerts.domain import LowStock
from write_side.notifications import domain, ending_letters, letters, read_mail_texts, return_letters
from write_side.notifications.domain import Mail
from write_side.notifications.letters import NUMBER, Letter, Recipient
from write_side.notifications.text_files import SHIPPED
from write_side.notifications.texts import BrokenMailTexts, Forms, Told, Voice, placeholders, read
from write_side.restock_requests import domain as restock_requests

ID, AT = UUID(int=7), datetime(2026, 11, 27, 17, 30, tzinfo=UTC)
MAIL = Mail(ID, ID, "order_confirmation", "<7@shop.example>", "queued", 1)
LINES = [PricedLine("LAMP", ID, ID, "Lamp", 2, 1999, 3998, 0, gift_quantity=gifts) for gifts in (0, 1, 2)]
BACK = [RefundedLine("LAMP", 1, 1999)]
TAXES = [
    OrderTax("QST", 99_750, 1000, 100, included=False, note="reverse_charge"),
    OrderTax("VAT", 190_000, 1000, 190, included=True),
]


def shipped(locale: str) -> dict[str, Forms]:
    return read(locale, tomllib.loads((SHIPPED / f"{locale}.toml").read_text()), None)


ENGLISH, GERMAN = shipped("en"), shipped("de")


class Recording(Voice):
    """A voice that keeps which sentences it was asked for."""

    asked: set[str]

    def _told(self, key: str) -> Told:
        self.asked.add(key)
        return super()._told(key)


def some(**said: Any) -> Any:
    return SimpleNamespace(**said)


def returned(**said: Any) -> Any:
    line = some(sku="LAMP", quantity=1)
    unless_told = {
        "lines": [line], "units": [line], "exchange": some(lines=[line]), "exchange_state": None, "expires_at": None,
        "warehouse": "BER", "carrier": "Kurier", "label": "L1", "tracking_number": "T1", "rejection": None,
        "failure": None, "refund_id": None,
    }  # fmt: skip
    return some(**unless_told | said)


def of_orders(say: Voice) -> list[Letter]:
    worth, totals = Money(123_450, "EUR"), Totals("EUR", 11994, 490, 777, 13_261, 400)
    reasons = [key.rpartition(".")[2] for key in ENGLISH if key.startswith("payment_declined.why.")]
    ends = ("expired", "payment_not_accepted", "payment_cancelled", None)
    paid = [GiftPart(ID, 500)]
    return [
        letters.confirmation(say, LINES, totals),
        letters.confirmation(say, LINES, totals, TAXES, 12_000, 500, duties_due=True),
        letters.gift_card(say, "7F3K", worth),
        *(letters.declined(say, reason, AT) for reason in reasons),
        *(letters.invoiced(say, number, worth, AT, late=late) for number in ("", "2026-1") for late in (True, False)),
        letters.released(say, 1999, "EUR", BACK, LINES), letters.released(say, 1999, "EUR", [], LINES),
        *(letters.shipped(say, "Kurier", "T1", [ParcelLine("LAMP", 1)], LINES, arrived=so) for so in (True, False)),
        letters.readdressed(say), letters.completed(say), letters.left_without(say, "A-1"), letters.fresh_link(say),
        *(letters.added(say, "A-1", worth, AT, on_invoice=so) for so in (True, False)),
        *(ending_letters.ended(say, some(closing_reason=why, charged_minor=1, gift_cards=paid, totals=totals))
          for why in ends),
    ]  # fmt: skip


def of_refunds(say: Voice) -> list[Letter]:
    note: Any = some(number="G-1", invoice_number="2026-1", amount_minor=1000, tax_minor=190, currency="EUR", taxes=[])
    unnumbered: Any = some(**vars(note) | {"invoice_number": "", "taxes": TAXES[:1]})
    return [
        letters.refunded(say, 1999, "EUR", BACK, LINES),
        letters.refunded(say, 1999, "EUR", BACK, LINES, moved_minor=1999),
        letters.refunded(say, 1999, "EUR", BACK, LINES, moved_minor=999),
        *(letters.refunded(say, 1999, "EUR", BACK, LINES, note=each) for each in (note, unnumbered)),
    ]


def of_returns(say: Voice) -> list[Letter]:
    told: list[tuple[str, Any]] = [
        *((kind, returned()) for kind in return_letters.KINDS),
        *((domain.RETURN_REJECTED, returned(rejection=why)) for why in ("not_returnable", "used", "not_ours", "abuse")),
        *((domain.NOT_REPLACED, returned(failure=why))
          for why in ("not_paid", "cancelled", "nothing_credited", "purchase_limit", "too_little_came")),
        (domain.RETURN_APPROVED, returned(exchange_state="held", expires_at=AT)),
        (domain.RETURN_APPROVED, returned(exchange_state="refused")),
        (domain.RETURN_RECEIVED, returned(refund_id=ID)),
        (domain.RETURN_RECEIVED, returned(exchange_state="placed")),
    ]  # fmt: skip
    costs = ((0, False), (500, True), (500, False))
    return [
        *(return_letters.about(say, kind, each, LINES) for kind, each in told),
        *(return_letters.replaced(say, returned(), minor, "EUR", AT, on_invoice=so) for minor, so in costs),
    ]


def of_others(say: Voice) -> list[str]:
    """Mails about no order, as they are sent."""
    low = [LowStock(ID, ID, sku, "BER", 2, 5, "noticed", 1) for sku in ("lamp", "bulb")]
    told = [alerts.letter(say, "BER", low[:count], "to@x.example", "shop@x.example", "<1@x>") for count in (1, 2)]
    again = restock_requests.Letter("Lamp", "LAMP", "https://x.example")
    told.append(restock_requests.written(say, again, "to@x.example", "shop@x.example", "<1@x>"))
    accounts = []
    for kind in ("confirm", "known", "reset", "changed"):
        link = {"link": "https://x.example"} if kind in PAGES else {}
        accounts += [say(f"account_{kind}.subject"), say(f"account_{kind}.text", **link)]
    return [*(f"{mail['Subject']} {mail.get_content()}" for mail in told), *accounts]


def recording(locale: str) -> Recording:
    say = TEXTS.voice(locale, number=NUMBER)
    say.__class__, say.__dict__["asked"] = Recording, set()
    assert isinstance(say, Recording)
    return say


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_letter_can_be_written_and_every_sentence_is_said_by_one(locale: str) -> None:
    say = recording(locale)
    to = Recipient("7F3K-29QM", "ada@example.org", "Ada", ["Ada"], "https://x.example")
    nobody = Recipient("7F3K-29QM", "ada@example.org", "", [], "")
    told = [*of_orders(say), *of_refunds(say), *of_returns(say)]
    texts = of_others(say)
    for letter in told:
        for recipient in (to, nobody):
            mail = letters.written(say, letter, recipient, MAIL, "shop@x.example", "c-1")
            assert mail["Content-Language"] == locale
            plain = mail.get_body(("plain",))
            assert plain is not None
            texts.append(f"{mail['Subject']} {plain.get_content()}")
    assert say.asked == set(ENGLISH)
    assert [text for text in texts if "{" in text or "None" in text] == []


def test_german_says_all_that_english_does_with_the_same_placeholders() -> None:
    assert list(GERMAN) == list(ENGLISH)
    for key, forms in GERMAN.items():
        for sentence in forms.values():
            assert placeholders(sentence) == placeholders(ENGLISH[key]["other"]), key
        if "name" not in placeholders(forms["other"]) and len(forms["other"]) > 25:
            assert forms != ENGLISH[key], key


@pytest.mark.parametrize(
    ("locale", "amount", "none", "day", "rate", "low"),
    [
        ("en", "€1,234.50", "¥1,200", "November 27, 2026", "9.975", "2 SKUs running low"),
        ("de", "1.234,50\xa0€", "1.200\xa0¥", "27. November 2026", "9,975", "2 SKUs werden knapp"),
        ("de-AT", "€\xa01.234,50", "¥\xa01.200", "27. November 2026", "9,975", "2 SKUs werden knapp"),
        ("it", "€1,234.50", "¥1,200", "November 27, 2026", "9.975", "2 SKUs running low"),
    ],
)
def test_amounts_days_and_numbers_are_written_as_in_the_language_of_the_sentences(
    locale: str, amount: str, none: str, day: str, rate: str, low: str
) -> None:
    say = TEXTS.voice(locale)
    assert (say.amount(123_450, "EUR"), say.amount(1200, "JPY"), say.day(AT)) == (amount, none, day)
    assert low in say.counted("low_stock.subject", 2, warehouse="BER")
    sums = letters.confirmation(TEXTS.voice(locale, number=NUMBER), LINES, Totals("EUR", 1, 1, 1, 1), TAXES[:1]).sums
    [tax] = [label for label, _ in sums if "QST" in label]
    assert tax == f"QST {rate} %"


def test_currencies_have_as_many_digits_as_we_keep() -> None:
    for say in map(TEXTS.voice, ("en", "de", "de-CH", "de-AT")):
        assert {re.sub(r"[^0-9]", "", say.amount(1_234_567, currency)) for currency in EXPONENTS} == {"1234567"}


def write(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.toml").write_text(text)
    return str(folder)


def test_a_merchants_file_changes_a_sentence_or_adds_a_language_and_the_rest_falls_back(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        de='[order_completed]\nsubject = "Alles da: {number}"',
        de_AT='[order_completed]\ntext = "passt: {number}"',
        fr='[order_readdressed]\nsubject = "La commande {number} change d’adresse"',
        pl='[low_stock.subject]\none = "{warehouse}: {count} a"\nfew = "{warehouse}: {count} b"\n'
           'many = "{warehouse}: {count} c"\nother = "{warehouse}: {count} d"',
    )  # fmt: skip
    (tmp_path / "..data").mkdir()
    texts = read_mail_texts(folder, "fr")
    keys = ("order_completed.subject", "order_completed.text", "order_readdressed.subject")

    def told(locale: str) -> list[str]:
        return [texts.voice(locale, number="N")(key) for key in keys]

    readdressed = "Ihre Bestellung N geht an eine andere Adresse"
    assert told("de-AT") == ["Alles da: N", "passt: N", readdressed]
    assert told("de") == ["Alles da: N", "Ihre Bestellung N ist vollständig angekommen. Vielen Dank.", readdressed]
    french = "La commande N change d’adresse"
    english = ["Your order N is complete", "your order N has arrived, all of it. Thank you."]
    assert told("") == told("it") == [*english, french]
    assert [texts.voice(locale).locale for locale in ("de-AT", "", "it", "en")] == ["de-AT", "fr", "fr", "en"]
    polish = texts.voice("pl")
    assert [polish.counted("low_stock.subject", n, warehouse="W")[-1] for n in (1, 2, 5)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[order_completed]\nsubject = "done"', "order_completed.subject: the placeholder {number} is missing"),
        ('[order_completed]\nsubject = "{number} {name}"',
         "order_completed.subject: {name} is no placeholder of it; it has {number}"),
        ('[order_completed]\nsubject = "{number.real}"', "{number.real} is no placeholder of it"),
        ('[order_completed]\nsubject = "{number!r}"', "{number!r} is no placeholder of it"),
        ('[order_completed]\nsubject = "{number:9}"', "{number:9} is no placeholder of it"),
        ('[order_completed]\nsubject = "{number"', "order_completed.subject: expected '}'"),
        ('[order_completed]\nsubjekt = "{number}"', "order_completed.subjekt: there is no such key"),
        ('[order_completed]\nsubject = "a\\n{number}"', "order_completed.subject: a subject is one line"),
        ('[order_completed]\nsubject = 7', "order_completed.subject: this is no text"),
        ('[order_completed]\ntext = " "', "order_completed.text: this is no text"),
        ('[low_stock.subject]\none = "{count} {warehouse}"', "subject: of its plural forms, 'other' is missing"),
        ('[low_stock.subject]\none = "{warehouse}"\nother = "{count} {warehouse}"', "{count} is missing"),
        ('[order_completed.text]\none = "{number}"\nother = "{number}"', "order_completed.text: it says no number"),
        ('[order_completed', "Expected"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_said_is_refused_by_file_key_and_placeholder(
    tmp_path: Path, text: str, said: str
) -> None:
    folder = write(tmp_path, de=text)
    with pytest.raises(BrokenMailTexts) as refused:
        read_mail_texts(folder, "en")
    assert str(refused.value).startswith(f"{tmp_path}/de.toml: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["de_AT.toml", "german.toml", "de.json", "xx.toml"])
def test_a_file_that_is_called_by_no_language_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(BrokenMailTexts, match="files are called by a language"):
        read_mail_texts(str(tmp_path), "en")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenMailTexts, match="No such file"):
        read_mail_texts(str(tmp_path / "none"), "en")
