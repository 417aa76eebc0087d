"""Settings and mappings of the Elasticsearch read models: `indices.create(index=…, **INDICES[model])`.

They serve the official image and the native node alike, which lacks scripts, `scaled_float` and most analyzers: only
tokenizers, filters and types that both have. `dynamic: strict` because a field nobody mapped is a mistake to hear of;
whatever else the projector has to remember about a document goes into `fold`, which is stored and never indexed.
"""

from typing import Any

from shared.documents import gift_cards, invoices, observations, order_records, products, stock, transfers
from shared.documents.mappings import BOOLEAN, DATE, KEYWORD, LONG, Json, fields_of, nested, object_
from shared.documents.price_slots import SLOTS
from shared.money import EXPONENTS

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
# Those that nothing else is called: 5G, 4K and a Galaxy S9 stay what they are.
_UNITS = """gb tb mb kb gbit mbit mm cm km kg mg oz lb ml cl mhz ghz hz kw mah wh va kva in inch ft rpm dpi px lm db pcs
            min w v"""
_ANALYSIS: Json = {
    "char_filter": {
        # "500GB" is "500 GB".
        "units": {
            "type": "pattern_replace",
            "pattern": rf"(?<![\p{{L}}\d])(\d+(?:[.,]\d+)?)({'|'.join(_UNITS.split())})(?![\p{{L}}\d])",
            "replacement": "$1 $2",
            "flags": "CASE_INSENSITIVE",
        }
    },
    "filter": {
        "joined": {
            "type": "word_delimiter_graph",
            "generate_word_parts": False,
            "generate_number_parts": False,
            "catenate_all": True,
            "stem_english_possessive": False,
        }
    },
    # A word as `typed` leaves it, where it is a keyword.
    "normalizer": {"typed": {"type": "custom", "filter": ["lowercase", "asciifolding"]}},
    "analyzer": {
        "catalog_text": {
            "type": "custom",
            "char_filter": ["units"],
            "tokenizer": "standard",
            "filter": ["lowercase", "asciifolding", "kstem"],
        },
        # Words as they are typed.
        "typed": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
        # A model's number without its signs: WH-1000XM4 is wh1000xm4.
        "models": {"type": "custom", "tokenizer": "whitespace", "filter": ["joined", "lowercase", "asciifolding"]},
    },
}


def _definition(properties: Json, **settings: Any) -> Json:
    return {
        "settings": {**_SETTINGS, **settings},
        "mappings": {"dynamic": "strict", "properties": {**properties, "position": LONG, "fold": FOLD}},
    }


_SPELT: Json = {"copy_to": "words"}
_WORDS: Json = {"type": "text", "index_options": "docs", "norms": False}  # whether there is such a word
_COMPLETION: Json = {"type": "completion", "analyzer": "typed", "max_input_length": 60}
_PRODUCTS: Json = {
    "product_id": KEYWORD,  # UUIDv7: sorting by it is sorting by age
    "slug": KEYWORD,
    "name": {**TEXT, **_SPELT, "fields": {"sort": SORTABLE, "models": {**_WORDS, "analyzer": "models"}}},
    "brand": {**KEYWORD, **_SPELT, "fields": {"text": TEXT}},
    "description": {**TEXT, **_SPELT},
    "product_type": {**KEYWORD, **_SPELT, "fields": {"text": TEXT}},
    "kinds": {**TEXT, "norms": False},
    "category_id": KEYWORD,
    "attributes_text": {**TEXT, **_SPELT},
    "words": {**_WORDS, "analyzer": "catalog_text"},
    # Unlimited attributes, one field: a mapping never grows, and keys may hold spaces and dots.
    "facets": {"type": "flattened", "ignore_above": products.LONGEST_CHOICE},
    "numbers": {"type": "flattened"},
    "steps": {"type": "flattened"},
    "completion": _COMPLETION,
    # Apart from it: whoever reads the shop's own language asks as if there were no other.
    "completions": {**_COMPLETION, "contexts": [{"name": products.LOCALE, "type": "category"}]},
    "called": {"type": "keyword", "normalizer": "typed", "doc_values": False, "ignore_above": 200},
    "image": {"type": "object", "enabled": False},
    # A shopper types a SKU in any case: a word that lies there in lower case is found at once.
    "skus": {**KEYWORD, "fields": {"typed": SORTABLE}},
    "eans": KEYWORD,
    "prices": object_(**dict.fromkeys(EXPONENTS, LONG)),
    "shown": object_(**{slot: object_(**dict.fromkeys(EXPONENTS, LONG)) for slot in SLOTS}),
    "priced": KEYWORD,
    "price_lists": KEYWORD,
    "gift_card": BOOLEAN,
    "only_gift_cards": BOOLEAN,
    "axes": KEYWORD,
    # Only where several variants are told apart by options: most searches never look at them.
    "variants": nested(
        sku={"type": "keyword", "index": False, "doc_values": False},
        facets={"type": "flattened", "ignore_above": products.LONGEST_CHOICE},
        numbers={"type": "flattened"},
        steps={"type": "flattened"},
        availability=KEYWORD,
        prices={"type": "object", "enabled": False},
        image={"type": "object", "enabled": False},
    ),
    "availability": KEYWORD,
    "listed": BOOLEAN,
    "publish_at": DATE,
    "unpublish_at": DATE,
    "released_at": DATE,
    "deleted": BOOLEAN,
    "card": {"type": "binary", "doc_values": True},
    "names": {"type": "object", "enabled": False},
    "times": {"type": "object", "enabled": False},
    "translated": {**TEXT, **_SPELT},
}

# An index of these for each day.
OBSERVED: dict[str, Json] = {
    kind: {"settings": _SETTINGS, "mappings": {"dynamic": "strict", "properties": fields_of(record)}}
    for kind, record in observations.RECORDS.items()
}

INDICES: dict[str, Json] = {
    products.SEARCH: _definition(_PRODUCTS, analysis=_ANALYSIS),
    stock.RECORDS: _definition(fields_of(stock.StockRecord)),
    transfers.RECORDS: _definition(fields_of(transfers.TransferRecord)),
    invoices.RECORDS: _definition(fields_of(invoices.InvoiceRecord)),
    gift_cards.RECORDS: _definition(fields_of(gift_cards.GiftCardRecord)),
    order_records.RECORDS: _definition(fields_of(order_records.OrderRecord)),
}
