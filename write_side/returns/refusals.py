"""Why a return or an exchange is refused."""

from write_side.errors import NotFound, Refusal


class UnknownReturn(NotFound):
    """No such return."""

    code = "unknown_return"


class ReturnsTooMuch(Refusal):
    """More than has left, is not on its way back or back already, and was not refunded; `lines` says what is left."""

    code = "returns_too_much"


class OutsideReturnWindow(Refusal):
    """It arrived too long ago; `lines` says what may still be sent back. Staff may ask for it all the same."""

    code = "outside_return_window"


class ReturnNotRequested(Refusal):
    """It was decided on before, or cancelled; `return_state` says how it is."""

    code = "return_not_requested"


class ReturnNotApproved(Refusal):
    """Nobody waits for it: `return_state` says how it is."""

    code = "return_not_approved"


class ReturnNotOpen(Refusal):
    """It is over; `return_state` says how it ended."""

    code = "return_not_open"


class ReceivesTooMuch(Refusal):
    """More than was to come, or than can be back in stock; `lines` says how many that are."""

    code = "receives_too_much"


class ReturnNotToRefund(Refusal):
    """Its goods are not here, or their refund has not failed: there is nothing to do again."""

    code = "return_not_to_refund"


class NotExchangeable(Refusal):
    """Its money may go back, but nothing is sent instead; `why`: `nothing_credited`, `too_many`, `gift_card`,
    `sold_by_turns` (more of `sku` than comes back), or `bought_on_…` by a way to pay that can't."""

    code = "not_exchangeable"


class TooLittleCame(Refusal):
    """Some of what is wished costs less than today for others of its product, or is sold by turns to whoever sends none
    back, and not all of these came."""

    code = "too_little_came"


class NotHeld(Refusal):
    """Nothing is held to be sent instead; `exchange_state` says how it is, `null` of a return for money."""

    code = "replacement_not_held"


class NoReplacement(Refusal):
    """No order was placed instead (yet); `exchange_state` says how it is, `null` of a return for money."""

    code = "no_replacement"
