"""What others may still claim of the shop: what is left on gift cards, and what banks want back."""

from doorbuster.asking.bodies import Span
from doorbuster.asking.question import CURRENCY, Answers, File, Question, added_up, count, counted, money, text
from doorbuster.asking.rows import Row
from shared.documents import gift_cards, order_records

_KEYS = ("currency", "standing", "year")
_SUMS = ("cards", "amount_minor", "spent_minor", "returned_minor", "balance_minor")


def _gift_cards(answers: Answers, _span: Span) -> list[Row]:
    """What was blocked is so whether it has expired since or not."""
    cards = counted(answers[0], "cards")
    rows = [{**row, "standing": "blocked" if row["state"] == "blocked" else row["until"]} for row in cards]
    return added_up(((row, {name: row[name] for name in _SUMS}) for row in rows), _KEYS, _SUMS)


_GIFT_CARDS = Question(
    name="gift_cards",
    about="what is left on gift cards now, by how they stand and the year (UTC) of their issue; a span changes nothing "
    "about it",
    files=(File(gift_cards.RECORDS, "outstanding"),),
    columns=(
        CURRENCY,
        text("standing", "valid: it is owed; expired or blocked: it pays nothing any more"),
        text("year", "in which they were issued"),
        count("cards", "how many"),
        money("amount_minor", "what they were issued over"),
        money("spent_minor", "what orders took of them, those not paid yet among them"),
        money("returned_minor", "what went back to them"),
        money("balance_minor", "amount − spent + returned"),
    ),
    answer=_gift_cards,
)

_DISPUTES = Question(
    name="disputes",
    about="what buyers' banks wanted back, by reason and how far it is, by when it began",
    files=(File(order_records.RECORDS, "disputes", "disputes.began_at"),),
    columns=(
        CURRENCY,
        text("reason", "in the provider's word"),
        text("status", "in the provider's word: `lost` is money gone"),
        count("disputes", "how many"),
        money("amount_minor", "what they are about"),
    ),
    answer=lambda answers, _span: counted(answers[0], "disputes"),
)

QUESTIONS = (_GIFT_CARDS, _DISPUTES)
