"""The SQL that reads what is sold by its names in a language."""

from collections.abc import Collection, Sequence

import msgspec

from shared.events.catalog import Translation
from shared.locales import best
from write_side.database import Connection

_translations = msgspec.json.Decoder(dict[str, Translation])


async def names_in(conn: Connection, skus: Collection[str], locales: Sequence[str]) -> dict[str, str]:
    """SKU → what it is called in the best of these languages, its variant behind it as `find_variants` has it; none of
    what is called as in the shop's own."""
    rows = await conn.fetch(
        """SELECT v.sku, v.name, p.translations FROM variant v JOIN product p ON p.id = v.product_id
           WHERE v.sku = ANY ($1) AND NOT v.retired""",
        list(skus),
    )
    told = ((row["sku"], row["name"], _names(row["translations"])) for row in rows)
    called = ((sku, variant, best(names, tuple(locales), "")) for sku, variant, names in told)
    return {sku: f"{name} {variant}".rstrip() for sku, variant, name in called if name}


def _names(translations: str) -> dict[str, str]:
    return {locale: said.name for locale, said in _translations.decode(translations).items() if said.name}
