"""A shop that sells, with a Stripe of its own, and a projector that tells analysts."""

from tests.faults.processes import redis_lab, search_lab
from tests.integration.checkout.conftest import shop, shop_settings, stripe_url

__all__ = ["redis_lab", "search_lab", "shop", "shop_settings", "stripe_url"]
