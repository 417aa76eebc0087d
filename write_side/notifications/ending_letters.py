"""What is said of an order that is over before anything of it was taken: why, and where its money is; pure."""

from write_side import gift_cards
from write_side.notifications.letters import Letter
from write_side.notifications.texts import Voice
from write_side.orders import Order

# Why a payment is not accepted is not told: whoever tries stolen cards would learn from it.
_WHY = ("expired", "payment_not_accepted", "payment_cancelled")


def ended(say: Voice, order: Order) -> Letter:
    """An order that was cancelled or has expired: nothing of its payment was captured, else it could not have been."""
    why = order.closing_reason if order.closing_reason in _WHY else "cancelled"
    subject = say("order_ended.expired_subject" if why == "expired" else "order_ended.cancelled_subject")
    said = [say(f"order_ended.{why}"), *([say("order_ended.nothing_taken")] if order.charged_minor else [])]
    back = gift_cards.paid_by(order.gift_cards)
    on_cards = [(say("order_ended.back_on_gift_cards"), say.amount(back, order.totals.currency))] if back else []
    return Letter(subject, " ".join(said), sums=on_cards)
