"""Who is let into the command API first, and how many at once. Who has begun to buy goes before who looks around."""

from shared.http.admission import Way
from shared.http.doors import Rank, Size

# Who fills a cart is served by few at once, and soon told to come again: what more of them cost is missing where
# somebody pays (decision 130). Accounts and staff ask what takes longer, passwords and long lists: through doors of
# their own, or eight of them would keep all carts shut. Payments wait for the provider, seconds if it is slow, files of
# staff come and go for minutes: they have doors of their own as well.
SIZES = {
    "commands": Size(seats=128, looking=8, line=2_000, patience=(2.0, 0.1)),
    "house": Size(seats=64, looking=64, line=2_000),
    "payments": Size(seats=500, looking=0, line=0),
    "files": Size(seats=8, looking=0, line=0),
}
STREAMED = ("files",)
# A provider tells of all buyers from a few addresses: what it has signed is not counted, even if it can't be read.
SIGNED = dict.fromkeys(("/v1/webhooks/stripe", "/v1/webhooks/carrier"), "broken_notice")
BODY_SECONDS = {"/v1/imports": 600.0}  # a file of a hundred megabytes over a slow line
_PAYMENTS = ("/v1/payments/", "/v1/webhooks/stripe")
_CARTS = ("/v1/carts", "/v1/account/cart")
_NEVER = ("/health/", "/metrics", "/v1/events", "/schema")  # asked about us, or bounded by itself (`Feed`)


def way(method: str, path: str) -> Way:
    """The doors of a request."""
    if path.startswith(_NEVER):
        return None
    if (method, path) == ("POST", "/v1/imports") or path.startswith("/v1/exports/") or path.endswith("/rejects"):
        return "files", Rank.BUYING
    if path.startswith(_PAYMENTS):
        return "payments", Rank.BUYING
    if path.startswith("/v1/orders") or path.endswith(("/shipping-options", "/quotes", "/passes")):
        return "commands", Rank.BUYING
    return "commands" if path.startswith(_CARTS) else "house", Rank.LOOKING
