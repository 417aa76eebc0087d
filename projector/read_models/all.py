"""Every read model there is."""

from projector.model import ReadModel
from projector.read_models import (
    access_tokens,
    account_sessions,
    category_tree,
    gift_card_records,
    invoice_records,
    order_records,
    order_status,
    page_promotions,
    price_lists,
    product_page,
    product_search,
    product_types,
    sale,
    search_rules,
    stock_level,
    stock_records,
    transfer_records,
)

READ_MODELS: tuple[ReadModel, ...] = (
    stock_level.MODEL,
    product_page.MODEL,
    category_tree.MODEL,
    price_lists.MODEL,
    page_promotions.MODEL,
    search_rules.MODEL,
    product_types.MODEL,
    order_status.MODEL,
    access_tokens.MODEL,
    account_sessions.MODEL,
    sale.MODEL,
    stock_records.MODEL,
    transfer_records.MODEL,
    product_search.MODEL,
    order_records.MODEL,
    invoice_records.MODEL,
    gift_card_records.MODEL,
)
