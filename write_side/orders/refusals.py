"""What quoting, placing and cancelling say no to; the codes are part of the API."""

from write_side.errors import NotFound, Refusal


class CartEmpty(Refusal):
    """There is nothing to quote."""

    code = "cart_empty"


class NotSellable(Refusal):
    """A line is not sold any more, or not in this currency; `skus` says which."""

    code = "not_sellable"


class TotalOutOfRange(Refusal):
    """The total is less or more than a payment provider charges."""

    status = 422
    code = "total_out_of_range"


class QuoteExpired(Refusal):
    """Its time is over."""

    code = "quote_expired"


class QuoteStale(Refusal):
    """What it was made from has changed; `changes` says what."""

    code = "quote_stale"


class NotAddable(Refusal):
    """It does not go with other goods; `why` says what it is."""

    code = "not_addable"


class UnknownOrder(NotFound):
    """No such order."""

    code = "unknown_order"


class AlreadyPaid(Refusal):
    """The money is being captured or was: it can't be cancelled any more."""

    code = "already_paid"


class OrderTokenRequired(Refusal):
    """The request carries no order token."""

    status = 401
    code = "order_token_required"


class WrongOrderToken(Refusal):
    """The token opens no such order or payment, whether there is one or not."""

    status = 403
    code = "wrong_order_token"


class OrderTokenEnded(Refusal):
    """The token has opened this order, which ended too long ago. A fresh one comes by mail: POST /v1/orders/links."""

    status = 403
    code = "order_token_ended"
