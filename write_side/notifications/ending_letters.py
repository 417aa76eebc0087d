"""What is said of an order that is over before anything of it was taken: why, and where its money is; pure."""

from shared.money import display
from write_side import gift_cards
from write_side.notifications.letters import Letter
from write_side.orders import Order

_CANCELLED = "Your order {number} is cancelled"
# Why a payment is not accepted is not told: whoever tries stolen cards would learn from it.
_WHY = {
    "expired": (
        "Your order {number} was not paid in time",
        "your order {number} was not paid in time: it is over, and its goods are held for you no longer.",
    ),
    "payment_not_accepted": (
        _CANCELLED,
        "we could not accept the payment of your order {number}: the order is cancelled, and nothing is sent.",
    ),
    "payment_cancelled": (
        _CANCELLED,
        "the payment of your order {number} was let go of before it was taken: the order is cancelled, and nothing is "
        "sent.",
    ),
}
_OTHERWISE = (_CANCELLED, "your order {number} is cancelled, and nothing of it is sent.")


def ended(order: Order) -> Letter:
    """An order that was cancelled or has expired: nothing of its payment was captured, else it could not have been."""
    subject, why = _WHY.get(order.closing_reason or "", _OTHERWISE)
    taken = " Nothing was taken from you for it. What your bank may hold for it, it lets go of within a few days."
    back = gift_cards.paid_by(order.gift_cards)
    on_cards = [("Back on your gift cards", display(back, order.totals.currency))] if back else []
    return Letter(subject, why + (taken if order.charged_minor else ""), sums=on_cards)
