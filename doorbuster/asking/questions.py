"""The questions there are: which query files they ask, and what is made of the answers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from doorbuster.asking import claims, on_invoice
from doorbuster.asking.bodies import Span
from doorbuster.asking.cover import stock_cover
from doorbuster.asking.question import CURRENCY, Answers, Column, File, Question, count, counted, money, text
from doorbuster.asking.rows import Row
from shared.documents import observations, order_records, stock, transfers

_SALES = (
    count("orders", "paid orders that were placed then"),
    count("items", "pieces in them"),
    money("revenue_minor", "their totals, with shipping and tax"),
    money("tax_minor", "tax in them, in prices and on top"),
    money("released_minor", "of it authorized and never taken"),
    money("refunded_minor", "of it gone back until now"),
    money("net_minor", "revenue − released − refunded"),
)
_UNPAID = money("unpaid_minor", "of it on invoice, and not paid yet")
_GIFT = money("gift_minor", "of the net paid by gift cards, whose own sale is revenue: net − gift − unpaid is money")
_ORDERS = order_records.RECORDS


def _with_net(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "net_minor": row["revenue_minor"] - row["released_minor"] - row["refunded_minor"]} for row in rows]


def _revenue(answers: Answers, _span: Span) -> list[Row]:
    rows = [
        {
            **row,
            "tax_minor": row["tax_minor"] + row["included_tax_minor"],
            "gift_minor": row["gift_minor"] - row["gift_back_minor"],
        }
        for row in answers[0]
    ]
    return _with_net(counted(rows, "orders"))


def _revenue_by(unit: str) -> Question:
    return Question(
        name=f"revenue_by_{unit}",
        about=f"what paid orders brought, those on invoice among them, by the {unit} (UTC) in which they were placed",
        files=(File(_ORDERS, f"revenue_by_{unit}", "placed_at"),),
        columns=(
            text(unit, f"its beginning; a {unit} without paid orders has no row"), CURRENCY, *_SALES, _GIFT, _UNPAID
        ),
        answer=_revenue,
    )


_TOP_PRODUCTS = Question(
    name="top_products",
    about="products whose lines in paid orders brought most, tax included, shipping not",
    files=(File(_ORDERS, "top_products", "placed_at"),),
    columns=(
        CURRENCY,
        text("product_id", "the product"),
        text("name", "what it was mostly called in these orders"),
        count("units", "pieces ordered"),
        *_SALES[2:3],
        *_SALES[4:],
        count("orders", "paid orders with it"),
        count("unpaid_orders", "of these, those on invoice that are not paid yet"),
    ),
    answer=lambda answers, _span: _with_net(answers[0]),
    group="product_id",
    mostly="name",
)

_REFUNDS = Question(
    name="refunds",
    about="refunds and releases that were asked for then, by reason and how far they are",
    files=(File(_ORDERS, "refunds", "refunds.requested_at"),),
    columns=(
        CURRENCY,
        text("reason", "why, in staff's word"),
        text("state", "only `succeeded` is money gone; `released` was never taken"),
        count("refunds", "how many"),
        money("amount_minor", "what they amount to, tax included"),
    ),
    answer=lambda answers, _span: counted(answers[0], "refunds"),
)

def _coupon_use(answers: Answers, _span: Span) -> list[Row]:
    """By currency, what is used most first."""
    return sorted(counted(answers[0], "orders"), key=lambda row: (row["currency"], -row["orders"]))


_COUPON_USE = Question(
    name="coupon_use",
    about="what promotions and coupons took off paid orders, and what these orders brought",
    files=(File(_ORDERS, "coupon_use", "placed_at"),),
    columns=(
        CURRENCY,
        text("promotion", "its name when it was used"),
        text("code", "the coupon's code; empty if it applied by itself"),
        count("orders", "paid orders with it"),
        money("off_minor", "taken off prices"),
        money("revenue_minor", "totals of these orders"),
        _UNPAID,
    ),
    answer=_coupon_use,
)


def _recovery(answers: Answers, _span: Span) -> list[Row]:
    return [{**row, "share": row["recovered"] / row["orders"]} for row in counted(answers[0], "orders")]


_RECOVERY = Question(
    name="payment_recovery",
    about="orders whose payment was declined at first, and how many were paid all the same",
    files=(File(_ORDERS, "payment_recovery", "placed_at"),),
    columns=(
        text("reason", "of the first decline"),
        CURRENCY,
        count("orders", "orders with a decline"),
        count("declines", "refused tries in all"),
        count("recovered", "of the orders, those that were paid later"),
        count("by_retry", "of these, by a try of ours and not the customer's"),
        Column("share", "share", "recovered ÷ orders"),
        money("declined_minor", "totals of the orders"),
        money("recovered_minor", "totals of those that were paid"),
    ),
    answer=_recovery,
)


_COVER = Question(
    name="stock_cover",
    about="for how many days what can be sold lasts, at the pace of the span; what runs out first stands first",
    files=(
        File(_ORDERS, "units_sold", "placed_at"),
        File(stock.RECORDS, "available"),
        File(transfers.RECORDS, "on_the_road"),
    ),
    columns=(
        text("sku", "what is sold"),
        count("units", "pieces sold, less refunded and released ones"),
        count("on_hand", "pieces in all warehouses now"),
        count("reserved", "of them promised to orders"),
        count("available", "on hand − reserved"),
        count("in_transit", "pieces on the road between warehouses, in none of the figures before"),
        Column("days", "number", "available ÷ units a day"),
        Column("days_with_road", "number", "the same once what is on the road has arrived"),
    ),
    answer=stock_cover,
)

_ABANDONED = Question(
    name="abandoned_orders",
    about="orders that were placed and never paid, by what became of them; carts that became no order are not known "
    "here",
    files=(File(_ORDERS, "abandoned_orders", "placed_at"),),
    columns=(
        CURRENCY,
        text("state", "pending_payment: it may still be paid"),
        count("orders", "how many"),
        count("declined", "of these, those whose payment was tried and declined"),
        money("total_minor", "what they would have brought"),
    ),
    answer=lambda answers, _span: counted(answers[0], "orders"),
)


def _funnel(answers: Answers, _span: Span) -> list[Row]:
    """Shares are of the step before, where that counts the same things."""
    [sessions], [orders] = answers
    steps = [("sessions", "all", sessions), *(("sessions", step, sessions) for step in ("viewed", "clicked", "added"))]
    steps += [("orders", step, orders) for step in ("placed", "paid", "unpaid")]
    found: list[Row] = []
    for of, step, row in steps:
        before = found[-1]["count"] if found and found[-1]["of"] == of else 0
        count = row.get(step, 0)
        found.append({"of": of, "step": step, "count": count, "share": count / before if before else None})
    return found


_FUNNEL = Question(
    name="funnel",
    about="from looking to paying: sessions of visitors who consented, and all orders",
    files=(File(observations.BEHAVIOUR, "sessions", "at"), File(_ORDERS, "placed_and_paid", "placed_at")),
    columns=(
        text("of", "what is counted: sessions a day, of those who consented; orders of everybody"),
        text("step", "all, viewed, clicked, added; placed, paid, and of the paid unpaid: on invoice still"),
        count("count", "how many got there; of sessions exact up to some 40,000"),
        Column("share", "share", "of the step before"),
    ),
    answer=_funnel,
)

_SEARCHES = observations.SEARCHES


def _whole(answers: Answers, _span: Span) -> list[Row]:
    """Sums of weights and means, without their fractions."""
    return [{name: round(value) if isinstance(value, float) else value for name, value in row.items()}
            for row in answers[0]]  # fmt: skip


def _last_time(answers: Answers, span: Span) -> list[Row]:
    return [
        {**row, "last_at": datetime.fromtimestamp(row["last"] / 1000, UTC).isoformat(timespec="seconds")}
        for row in _whole(answers, span)
    ]


_ZERO_RESULTS = Question(
    name="zero_result_searches",
    about="searches of the whole shop, narrowed by nothing, that found nothing, the most frequent first; a sample "
    "stands for all where there are very many",
    files=(File(_SEARCHES, "zero_result_searches", "at"),),
    columns=(
        text("text", "what was typed, in lower case, what may be a person's as #"),
        count("searches", "how often"),
        text("last_at", "when last (UTC)"),
    ),
    answer=_last_time,
    group="text",
)

_TOP_SEARCHES = Question(
    name="top_searches",
    about="what is looked for most, and how that went",
    files=(File(_SEARCHES, "top_searches", "at"),),
    columns=(
        text("text", "what was typed, in lower case, what may be a person's as #"),
        count("searches", "how often"),
        count("without_results", "of these, those that found nothing in the whole shop, narrowed by nothing"),
        count("corrected", "of these, those that were understood as other words"),
        count("results", "products found, on average"),
        count("took_ms", "milliseconds to the answer, on average"),
    ),
    answer=_whole,
    group="text",
)

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        _revenue_by("hour"),
        _revenue_by("day"),
        _TOP_PRODUCTS,
        _REFUNDS,
        _COUPON_USE,
        _RECOVERY,
        _COVER,
        _ABANDONED,
        _FUNNEL,
        _ZERO_RESULTS,
        _TOP_SEARCHES,
        *on_invoice.QUESTIONS,
        *claims.QUESTIONS,
    )
}
