"""The SQL of products and their variants: the only place that names `product` and `variant`."""

from collections.abc import Collection, Container, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Struct

from shared.envelope import as_json
from shared.events.catalog import (
    AttributeValue,
    Image,
    ProductFacts,
    Status,
    Translation,
    Variant,
)
from shared.shards import product_key
from write_side.catalog.domain import Product
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent

_attributes = msgspec.json.Decoder(dict[str, AttributeValue])
_images = msgspec.json.Decoder(list[Image])
_options = msgspec.json.Decoder(dict[str, str])
_related = msgspec.json.Decoder(dict[str, list[UUID]])
_places = msgspec.json.Decoder(list[int])
_translations = msgspec.json.Decoder(dict[str, Translation])

_PRODUCT = """id, slug, name, brand, description, product_type, status, category_id, attributes, images, external_ref,
              version, tax_class, translations, publish_at, unpublish_at, related"""


class SoldVariant(Struct, frozen=True):
    """What a SKU stands for, as other contexts need it. `name` is the product's with the variant's own behind it."""

    sku: str
    variant_id: UUID
    product_id: UUID
    name: str
    status: Status
    tax_class: str
    weight_grams: int


class Change(NamedTuple):
    """A product as it stands after an event, and the event. Version 1 is a new product."""

    product: Product
    event: Struct


async def find_product(conn: Connection, product_id: UUID) -> Product | None:
    """A product by its id."""
    found = await _products(conn, f"SELECT {_PRODUCT} FROM product WHERE id = $1", product_id)  # noqa: S608
    return found[0] if found else None


async def find_known(conn: Connection, refs: Sequence[str], skus: Sequence[str]) -> list[Product]:
    """The products with one of these external references, or that sell or sold one of these SKUs."""
    # UNION, not OR: with OR Postgres reads the whole table.
    query = f"""SELECT {_PRODUCT} FROM product WHERE id IN (
                    SELECT id FROM product WHERE external_ref = ANY ($1)
                    UNION SELECT product_id FROM variant WHERE sku = ANY ($2))"""  # noqa: S608
    return await _products(conn, query, refs, skus)


async def all_products(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Product]:
    """Every product's rows, or those of some, for the comparison with the log."""
    return await _products(conn, *among(f"SELECT {_PRODUCT} FROM product", ids))  # noqa: S608


async def products_after(conn: Connection, product_id: UUID, limit: int) -> list[Product]:
    """The products behind this one, in the order of their ids, which is that in which they came."""
    query = f"SELECT {_PRODUCT} FROM product WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
    return await _products(conn, query, product_id, limit)


class Weight(NamedTuple):
    """What one weighs; of a SKU that is retired nothing is known but whose it was, and that product's version."""

    grams: int
    retired: bool
    product_id: UUID
    version: int


async def locales_in_use(conn: Connection) -> list[str]:
    """Into which languages any product is translated."""
    rows = await conn.fetch("SELECT DISTINCT json_object_keys(translations) AS locale FROM product ORDER BY 1")
    return [row["locale"] for row in rows]


async def is_any_related(conn: Connection) -> bool:
    """Whether any product has related ones."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM product WHERE related::text <> '{}')"))


async def _products(conn: Connection, query: str, *args: Any) -> list[Product]:
    rows = await conn.fetch(query, *args)
    if not rows:
        return []
    variants = await conn.fetch(
        """SELECT id, product_id, sku, ean, name, options, weight_grams, tax_class, images, retired FROM variant
           WHERE product_id = ANY ($1) ORDER BY product_id, place""",
        [row["id"] for row in rows],
    )
    sold: dict[UUID, list[Variant]] = {row["id"]: [] for row in rows}
    retired: dict[UUID, dict[str, UUID]] = {row["id"]: {} for row in rows}
    for v in variants:
        if v["retired"]:
            retired[v["product_id"]][v["sku"]] = v["id"]
        else:
            sold[v["product_id"]].append(_variant(v))
    return [_product(row, sold[row["id"]], retired[row["id"]]) for row in rows]


def _variant(row: asyncpg.Record) -> Variant:
    return Variant(
        row["id"], row["sku"], row["ean"], row["name"], _options.decode(row["options"]), row["weight_grams"] or UNSET,
        row["tax_class"] or UNSET, _places.decode(row["images"]) or UNSET,
    )  # fmt: skip


def _product(row: asyncpg.Record, variants: list[Variant], retired: dict[str, UUID]) -> Product:
    facts = ProductFacts(
        slug=row["slug"],
        name=row["name"],
        brand=row["brand"],
        description=row["description"],
        product_type=row["product_type"],
        status=row["status"],
        category_id=row["category_id"],
        attributes=_attributes.decode(row["attributes"]),
        images=_images.decode(row["images"]),
        variants=variants,
        external_ref=row["external_ref"],
        tax_class=UNSET if row["tax_class"] == "standard" else row["tax_class"],
        translations=_translations.decode(row["translations"]),
        publish_at=row["publish_at"],
        unpublish_at=row["unpublish_at"],
        related=_related.decode(row["related"]),
    )
    return Product(row["id"], row["version"], facts, retired)


async def slugs_in_use(conn: Connection, slugs: Sequence[str]) -> dict[str, UUID]:
    """Which of these slugs products have: slug → product id."""
    rows = await conn.fetch("SELECT slug, id FROM product WHERE slug = ANY ($1)", slugs)
    return {row["slug"]: row["id"] for row in rows}


async def refs_in_use(conn: Connection, refs: Sequence[str]) -> dict[str, UUID]:
    """Which of these external references products have: reference → product id."""
    rows = await conn.fetch("SELECT external_ref, id FROM product WHERE external_ref = ANY ($1)", refs)
    return {row["external_ref"]: row["id"] for row in rows}


async def owners_of(conn: Connection, skus: Sequence[str]) -> dict[str, UUID]:
    """SKU → the product it belongs to for ever, retired or not."""
    rows = await conn.fetch("SELECT sku, product_id FROM variant WHERE sku = ANY ($1)", skus)
    return {row["sku"]: row["product_id"] for row in rows}


async def named(conn: Connection, names: Collection[str], skus: Container[str] = ()) -> dict[str, UUID]:
    """SKU (retired or not) or slug → product, as far as there are any; a SKU goes before a slug. What is of `skus` is
    no slug, though nobody has that SKU yet."""
    possible = [name for name in names if name.isprintable()]  # no other is either, and Postgres takes not all of them
    if not possible:
        return {}
    by_slug = await slugs_in_use(conn, [name for name in possible if name not in skus])
    return by_slug | await owners_of(conn, possible)


async def skus_of(conn: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """The first SKU of each of these products."""
    query = """SELECT DISTINCT ON (product_id) product_id, sku FROM variant
               WHERE product_id = ANY ($1) AND NOT retired ORDER BY product_id, place"""
    return {row["product_id"]: row["sku"] for row in await conn.fetch(query, list(ids))} if ids else {}


async def known_ids(conn: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these products there are."""
    return {row["id"] for row in await conn.fetch("SELECT id FROM product WHERE id = ANY ($1)", ids)}


async def find_variants(conn: Connection, skus: Sequence[str]) -> dict[str, SoldVariant]:
    """SKU → what it stands for; SKUs that nobody sells are left out."""
    rows = await conn.fetch("SELECT * FROM catalog_sold($1)", skus)
    return {row["sku"]: msgspec.convert(dict(row), SoldVariant) for row in rows}


async def find_weights(conn: Connection, skus: Sequence[str]) -> dict[str, Weight]:
    """SKU → what is known of its weight."""
    rows = await conn.fetch(
        """SELECT v.sku, v.weight_grams, v.retired, p.id, p.version
           FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku = ANY ($1)""",
        skus,
    )
    return {sku: Weight(*row) for sku, *row in rows}


async def save_products(conn: Connection, changes: Sequence[Change]) -> list[NewEvent]:
    """Rows of new and revised products, three statements for any number; answers the events to append.

    Raises what `commands.run` tries again on: `asyncpg.SerializationError` if somebody else revised one of them since
    it was read, `asyncpg.UniqueViolationError` if somebody took a slug, SKU or reference meanwhile.
    """
    await _insert_products(conn, [product for product, _ in changes if product.version == 1])
    await _update_products(conn, [product for product, _ in changes if product.version > 1])
    await _save_variants(conn, [product for product, _ in changes])
    return [NewEvent("product", p.id, p.version, product_key(p.id), event) for p, event in changes]


_UNNESTED = """unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
                      $9::json[], $10::json[], $11::text[], $12::bigint[], $13::text[], $14::json[],
                      $15::timestamptz[], $16::timestamptz[], $17::json[])
               AS t(id, slug, name, brand, description, product_type, status, category_id, attributes, images,
                    external_ref, version, tax_class, translations, publish_at, unpublish_at, related)"""


async def _insert_products(conn: Connection, products: Sequence[Product]) -> None:
    if products:
        await conn.execute(f"INSERT INTO product ({_PRODUCT}) SELECT * FROM {_UNNESTED}", *_columns(products))  # noqa: S608


async def _update_products(conn: Connection, products: Sequence[Product]) -> None:
    if not products:
        return
    done = await conn.execute(
        f"""UPDATE product p SET slug = t.slug, name = t.name, brand = t.brand, description = t.description,
                   product_type = t.product_type, status = t.status, category_id = t.category_id,
                   attributes = t.attributes, images = t.images, external_ref = t.external_ref, version = t.version,
                   tax_class = t.tax_class, translations = t.translations, publish_at = t.publish_at,
                   unpublish_at = t.unpublish_at, related = t.related
            FROM {_UNNESTED} WHERE p.id = t.id AND p.version = t.version - 1""",  # noqa: S608
        *_columns(products),
    )
    if done != f"UPDATE {len(products)}":
        raise asyncpg.SerializationError("a product was revised since it was read")


def _columns(products: Sequence[Product]) -> list[list[Any]]:
    facts = [product.facts for product in products]
    plain = ["slug", "name", "brand", "description", "product_type", "status", "category_id"]
    return [
        [product.id for product in products],
        *([getattr(f, field) for f in facts] for field in plain),
        [as_json(f.attributes).decode() for f in facts],
        [as_json(f.images).decode() for f in facts],
        [f.external_ref for f in facts],
        [product.version for product in products],
        [f.taxed_as for f in facts],
        [as_json(f.translations).decode() for f in facts],
        [f.publish_at for f in facts],
        [f.unpublish_at for f in facts],
        [as_json(f.related).decode() for f in facts],
    ]


async def _save_variants(conn: Connection, products: Sequence[Product]) -> None:
    rows = [row for product in products for row in _variant_rows(product)]
    if not rows:
        return
    await conn.execute(
        """INSERT INTO variant (id, product_id, sku, ean, name, options, weight_grams, tax_class, images, place,
                                retired)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::json[], $7::int[],
                                $8::text[], $9::json[], $10::int[], $11::boolean[])
           ON CONFLICT (id) DO UPDATE SET ean = EXCLUDED.ean, name = EXCLUDED.name, options = EXCLUDED.options,
                                          weight_grams = EXCLUDED.weight_grams, tax_class = EXCLUDED.tax_class,
                                          images = EXCLUDED.images, place = EXCLUDED.place,
                                          retired = EXCLUDED.retired""",
        *map(list, zip(*rows, strict=True)),
    )


def _variant_rows(product: Product) -> Iterable[tuple[Any, ...]]:
    for place, v in enumerate(product.facts.variants):
        options, images = as_json(v.options).decode(), as_json(v.images or []).decode()
        yield (
            v.variant_id, product.id, v.sku, v.ean, v.name, options, v.grams, v.tax_class or None, images, place, False
        )  # fmt: skip
    for sku, id_ in product.retired.items():
        yield id_, product.id, sku, None, "", "{}", 0, None, "[]", 0, True


async def rewrite_product(conn: Connection, product: Product) -> None:
    """Make the rows say this; for a repair."""
    names = [name.strip() for name in _PRODUCT.split(",")]
    await overwrite(conn, "product", dict(zip(names, (column[0] for column in _columns([product])), strict=True)))
    names = ["id", "sku", "ean", "name", "options", "weight_grams", "tax_class", "images", "place", "retired"]
    rows = [dict(zip(names, (id_, *rest), strict=True)) for id_, _, *rest in _variant_rows(product)]
    await replace(conn, "variant", ("product_id", product.id), rows)
