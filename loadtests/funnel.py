"""RetailRocket's funnel: 2,664,312 product pages looked at, 69,332 carts filled, 22,457 purchases, in 4.5 months.

The figures stand in the data set's card, as caserec/Datasets-for-Recommender-Systems quotes it.
"""

from random import Random

VIEWS, ADDS, PURCHASES = 2_664_312, 69_332, 22_457
ADDS_PER_VIEW = ADDS / VIEWS
PURCHASES_PER_ADD = PURCHASES / ADDS


def adds(dice: Random, eagerness: float = 1) -> bool:
    """Whether somebody who looked at a product puts it into the cart; so many times as often as in an ordinary week."""
    return dice.random() < min(1.0, ADDS_PER_VIEW * eagerness)


def purchases(dice: Random) -> bool:
    """Whether somebody with a full cart buys."""
    return dice.random() < PURCHASES_PER_ADD
