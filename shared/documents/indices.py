"""Settings and mappings of the Elasticsearch read models: `indices.create(index=…, **INDICES[model])`.

They serve the official image and the native node alike, which lacks scripts, `scaled_float` and most analyzers: only
tokenizers, filters and types that both have. `dynamic: strict` because a field nobody mapped is a mistake to hear of;
whatever else the projector has to remember about a document goes into `fold`, which is stored and never indexed.
"""

from typing import Any

from shared.documents import orders, products, stock
from shared.money import EXPONENTS

Json = dict[str, Any]

KEYWORD: Json = {"type": "keyword"}
UNSEARCHED: Json = {"type": "keyword", "index": False, "doc_values": False}
LONG: Json = {"type": "long"}
DATE: Json = {"type": "date"}
BOOLEAN: Json = {"type": "boolean"}
FOLD: Json = {"type": "object", "enabled": False}
# One analyzer on every text field: `cross_fields` only weighs fields together that share theirs.
TEXT: Json = {"type": "text", "analyzer": "catalog_text"}
SORTABLE: Json = {"type": "keyword", "normalizer": "lowercase", "ignore_above": 512}

_SETTINGS: Json = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",  # green on one node, a copy as soon as there are two
    # The projector refreshes; this is for what it wrote just before it died. Named, or an index that nobody searches
    # for 30 s stops refreshing.
    "refresh_interval": "5s",
}
_ANALYSIS: Json = {
    "analyzer": {
        "catalog_text": {
            "type": "custom",
            "tokenizer": "standard",
            "filter": ["lowercase", "asciifolding", "kstem"],
        }
    }
}


def _definition(properties: Json, **settings: Any) -> Json:
    return {
        "settings": {**_SETTINGS, **settings},
        "mappings": {"dynamic": "strict", "properties": {**properties, "position": LONG, "fold": FOLD}},
    }


_PRODUCTS: Json = {
    "product_id": KEYWORD,  # UUIDv7: sorting by it is sorting by age
    "slug": KEYWORD,
    "name": {**TEXT, "fields": {"sort": SORTABLE}},
    "brand": {**KEYWORD, "fields": {"text": TEXT}},
    "description": TEXT,
    "product_type": {**KEYWORD, "fields": {"text": TEXT}},
    "kinds": {**TEXT, "norms": False},
    "category_id": KEYWORD,
    "attributes_text": TEXT,
    # Unlimited attributes, one field: a mapping never grows, and keys may hold spaces and dots.
    "facets": {"type": "flattened", "ignore_above": 1024},
    "image": UNSEARCHED,
    "skus": KEYWORD,
    "eans": KEYWORD,
    "prices": {"type": "object", "dynamic": "strict", "properties": dict.fromkeys(EXPONENTS, LONG)},
    "availability": KEYWORD,
    "listed": BOOLEAN,
    "deleted": BOOLEAN,
}

_STOCK: Json = {
    "stock_item_id": KEYWORD,
    "sku": KEYWORD,
    "product_id": KEYWORD,
    "warehouse": KEYWORD,
    "on_hand": LONG,
    "reserved": LONG,
    "available": LONG,
}

_ORDERS: Json = {
    "order_id": KEYWORD,
    "number": KEYWORD,
    "state": KEYWORD,
    "payment_state": KEYWORD,
    "fulfilment": KEYWORD,
    "country": KEYWORD,
    "currency": KEYWORD,
    "lines_minor": LONG,
    "shipping_minor": LONG,
    "discount_minor": LONG,
    "tax_minor": LONG,
    "total_minor": LONG,
    "refunded_minor": LONG,
    "items": LONG,
    "skus": KEYWORD,
    "product_ids": KEYWORD,
    "promotion_ids": KEYWORD,
    "codes": KEYWORD,
    "placed_at": DATE,
    "updated_at": DATE,
}

INDICES: dict[str, Json] = {
    products.SEARCH: _definition(_PRODUCTS, analysis=_ANALYSIS),
    stock.RECORDS: _definition(_STOCK),
    orders.RECORDS: _definition(_ORDERS),
}
