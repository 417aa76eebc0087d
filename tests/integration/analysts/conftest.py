"""A shop that sells, with a Stripe of its own, customers with accounts, and a projector that tells analysts."""

from tests.faults.processes import redis_lab, search_lab
from tests.integration.accounts.conftest import customers
from tests.integration.checkout.conftest import inbox, inbox_type, shop, shop_settings, stripe_url

__all__ = ["customers", "inbox", "inbox_type", "redis_lab", "search_lab", "shop", "shop_settings", "stripe_url"]
