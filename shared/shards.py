"""Which shard of the log an event belongs to, told from its partition key.

The partition key is the key family of the documents an event feeds: `product:<id>`, `order:<id>`, `cart:<id>` … so all
that one document needs comes in order through one shard. The SQL function `event_shard` computes the same: a
contract test holds the two together. The number of shards is fixed in the database when it is created.
"""

from hashlib import sha256
from uuid import UUID

CATEGORIES = "categories"  # one tree, one document, one key
SEARCH_RULES = "search_rules"  # asked all at once: one document, one key
PRODUCT_TYPES = "product_types"  # so are these
ACCESS = "access"


def shard_of(key: str, shards: int) -> int:
    """The shard of a partition key: the first two bytes of its SHA-256, modulo the number of shards."""
    return int.from_bytes(sha256(key.encode()).digest()[:2]) % shards


def product_key(product_id: UUID) -> str:
    """Key family of a product: its facts, its prices, its stock items."""
    return f"product:{product_id}"


def order_key(order_id: UUID | str) -> str:
    """Key family of an order (its id, or the id's usual spelling): the order, its payments, its mails."""
    return f"order:{order_id}"


def cart_key(cart_id: UUID) -> str:
    """Key family of a cart and its quotes."""
    return f"cart:{cart_id}"


def account_key(account_id: UUID) -> str:
    """Key family of an account."""
    return f"account:{account_id}"


def person_key(person_id: UUID) -> str:
    """Key family of what was done about a person as a whole."""
    return f"person:{person_id}"


def catalog_export_key(export_id: UUID) -> str:
    """Key family of one time that the catalog was taken out."""
    return f"catalog_export:{export_id}"


def stock_export_key(export_id: UUID) -> str:
    """Key family of one time that all stock was taken out."""
    return f"stock_export:{export_id}"


def session_key(session_id: UUID | str) -> str:
    """Key family of a session, its id in its usual spelling."""
    return f"session:{session_id}"


def promotion_key(promotion_id: UUID) -> str:
    """Key family of a promotion."""
    return f"promotion:{promotion_id}"


def gift_card_key(gift_card_id: UUID) -> str:
    """Key family of a gift card."""
    return f"gift_card:{gift_card_id}"


def restock_request_key(request_id: UUID) -> str:
    """Key family of somebody's wish to be told that a SKU is there again."""
    return f"restock_request:{request_id}"


def sale_key(sale_id: UUID | str) -> str:
    """Key family of a doorbuster sale (its id, or the id's usual spelling)."""
    return f"sale:{sale_id}"


def zone_key(code: str) -> str:
    """Key family of a shipping zone."""
    return f"shipping_zone:{code}"


def warehouse_key(warehouse_id: UUID) -> str:
    """Key family of a warehouse."""
    return f"warehouse:{warehouse_id}"


def transfer_key(transfer_id: UUID) -> str:
    """Key family of a transfer that takes its time."""
    return f"transfer:{transfer_id}"


def webhook_key(endpoint_id: UUID) -> str:
    """Key family of an endpoint that webhooks are sent to."""
    return f"webhook:{endpoint_id}"


def price_list_key(price_list_id: UUID) -> str:
    """Key family of a price list; what it says of a variant has the product's."""
    return f"price_list:{price_list_id}"
