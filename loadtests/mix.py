"""How often shoppers do what: TPC-W's Shopping mix, as a funnel.

The figures are percent of all interactions: the stationary distribution of the transition matrix of TPC-W 1.x's
Shopping mix, as github.com/jopereira/java-tpcw has it (tpcw/rbe/EBTPCW2Factory.java).
"""

from random import Random

HOME = "home"
NEW_PRODUCTS = "new products"
BEST_SELLERS = "best sellers"
PRODUCT_DETAIL = "product detail"
SEARCH_REQUEST = "search request"
SEARCH_RESULTS = "search results"
SHOPPING_CART = "shopping cart"
REGISTRATION = "customer registration"
BUY_REQUEST = "buy request"
BUY_CONFIRM = "buy confirm"
ORDER_INQUIRY = "order inquiry"
ORDER_DISPLAY = "order display"
ADMIN_REQUEST = "admin request"
ADMIN_CONFIRM = "admin confirm"

PERCENT = {
    HOME: 16.20,
    NEW_PRODUCTS: 5.06,
    BEST_SELLERS: 5.06,
    PRODUCT_DETAIL: 17.14,
    SEARCH_REQUEST: 20.12,
    SEARCH_RESULTS: 17.10,
    SHOPPING_CART: 11.15,
    REGISTRATION: 2.88,
    BUY_REQUEST: 2.50,
    BUY_CONFIRM: 1.15,
    ORDER_INQUIRY: 0.76,
    ORDER_DISPLAY: 0.67,
    ADMIN_REQUEST: 0.10,
    ADMIN_CONFIRM: 0.09,
}

# What only ever comes right after something else. So often it follows: its share of what it follows.
FOLLOWS = {
    SEARCH_RESULTS: SEARCH_REQUEST,
    SHOPPING_CART: PRODUCT_DETAIL,
    REGISTRATION: SHOPPING_CART,
    BUY_REQUEST: REGISTRATION,
    BUY_CONFIRM: BUY_REQUEST,
    ORDER_DISPLAY: ORDER_INQUIRY,
    ADMIN_CONFIRM: ADMIN_REQUEST,
}
NEXT = {before: (after, PERCENT[after] / PERCENT[before]) for after, before in FOLLOWS.items()}

# Where a shopper goes who follows nothing. A chain made of both has exactly the percentages above.
ENTRIES = {name: percent for name, percent in PERCENT.items() if name not in FOLLOWS}


def next_after(last: str, dice: Random) -> str:
    """What a shopper does next."""
    follower, share = NEXT.get(last, ("", 0.0))
    if dice.random() < share:
        return follower
    return dice.choices(list(ENTRIES), list(ENTRIES.values()))[0]
