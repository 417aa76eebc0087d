"""Goods that are not sent any more, though no refund names them: a gift that is gone, or what an amount paid back."""
