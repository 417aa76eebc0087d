"""Ready mappings: the product files of other shops, and our own. Facts of their formats, as published and as found."""

from typing import Literal

from write_side.imports.magento import SEPARATOR
from write_side.imports.mapping import DEFAULT, ColumnMapping

Format = Literal["default", "doorbuster", "shopify", "magento", "magento-simple"]

# The columns of an export up to 2025, and behind them the names that the newer template gives the same ones.
SHOPIFY = ColumnMapping(
    columns={
        "Handle": "external_ref",
        "Title": "name",
        "Body (HTML)": "description",
        "Vendor": "brand",
        "Product Category": "category",
        "Type": "product_type",
        "Tags": "list:tags",
        "Published": "published",
        "Status": "status",
        "Variant SKU": "sku",
        "Variant Price": "price",
        "Variant Barcode": "ean",
        "Variant Inventory Qty": "stock",
        "Variant Grams": "weight_grams",
        "Image Src": "images",
        "Image Alt Text": "image_alt",
        "Variant Image": "variant_images",
        "Gift Card": "gift_card",
        "URL handle": "external_ref",
        "Description": "description",
        "Product category": "category",
        "Published on online store": "published",
        "SKU": "sku",
        "Price": "price",
        "Barcode": "ean",
        "Inventory quantity": "stock",
        "Weight value (grams)": "weight_grams",
        "Product image URL": "images",
        "Image alt text": "image_alt",
        "Variant image URL": "variant_images",
        "Gift card": "gift_card",
        **{f"Option{n} {word}": f"option_{word.lower()}:{n}" for n in (1, 2, 3) for word in ("Name", "Value")},
        **{f"Option{n} {word}": f"option_{word}:{n}" for n in (1, 2, 3) for word in ("name", "value")},
    },
    lines="variant",
    values={"status": dict.fromkeys(("unlisted", "Unlisted", "UNLISTED"), "draft")},  # by its link alone: not here
    price_unit="major",
    oversold="none",
    image_separator="\n",  # one address a cell: commas belong to it
    category_from=["product_type"],
)

# `magento:` fields are what `magento.translated` makes others of.
MAGENTO = ColumnMapping(
    columns={
        "sku": "sku",
        "name": "name",
        "description": "description",
        "attribute_set_code": "product_type",
        "price": "price",
        "qty": "stock",
        "url_key": "handle",
        "product_online": "status",
        "store_view_code": "magento:view",
        "product_type": "magento:kind",
        "visibility": "magento:visibility",
        "categories": "magento:categories",
        "additional_attributes": "magento:attributes",
        "configurable_variations": "magento:variations",
        "base_image": "magento:image",
        "base_image_label": "magento:label",
        "additional_images": "magento:images",
        "additional_image_labels": "magento:labels",
    },
    lines="magento",
    values={"status": {"1": "active", "2": "draft", "0": "draft"}},
    oversold="none",
    price_unit="major",
    category_separator=SEPARATOR,  # a name may hold any other sign
)

# A list of simple products, with a column for each attribute. A product stands below several paths, whose names follow
# one another without a mark between the paths: the first two make the one that is taken.
MAGENTO_SIMPLE = ColumnMapping(
    columns={
        "sku": "sku",
        "name": "name",
        "description": "description",
        "attribute_set": "product_type",
        "category": "category",
        "price": "price",
        "qty": "stock",
        "url_key": "handle",
    },
    others="list",
    ignored=["new", "sale", "special_price", "image", "image_label"],
    list_separator="\n",
    category_separator="\n",
    category_levels=2,
    oversold="none",
    price_unit="major",
)

OWN = ColumnMapping(
    columns={
        field: field
        for field in (
            "slug", "sku", "name", "external_ref", "brand", "description", "product_type", "status", "category",
            "category_slug", "json:attributes", "json:images", "variant_name", "ean", "weight_grams", "tax_class",
            "variant_tax_class", "json:options", "json:variant_images", "publish_at", "unpublish_at",
            "json:related",
        )
    },
    lines="variant",
    group="slug",
    exact=True,
    category_default="",
)  # fmt: skip

READY: dict[Format, ColumnMapping] = {
    "default": DEFAULT, "doorbuster": OWN, "shopify": SHOPIFY, "magento": MAGENTO, "magento-simple": MAGENTO_SIMPLE,
}  # fmt: skip
