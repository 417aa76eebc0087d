"""What a merchant may say of a product: every limit and form of its facts, checked in one place. Pure."""

import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from shared.ean import normalized
from shared.envelope import as_json
from shared.events.catalog import AttributeValue, Image, ProductFacts, Translation, Variant
from shared.locales import MOST as LOCALES
from shared.locales import is_locale
from shared.names import is_blank
from shared.pointers import escaped
from shared.publishing import minute_of
from shared.slugs import LONGEST, PATTERN
from write_side.catalog import refusals

ATTRIBUTES, VALUES, IMAGES, VARIANTS, OPTIONS = 1000, 1000, 100, 500, 20
KINDS, MOST_RELATED = 10, 50
FACTS_BYTES = 262_144  # 500 variants on three axes, each with an image, take 140 kB
HEAVIEST = 10_000_000  # grams
TAX_CLASS = r"^[a-z][a-z0-9-]{0,39}(?!\n)$"
RELATED_KIND = TAX_CLASS  # kinds are words of the shop's own, and written as those are
LARGEST = 2**63 - 1
NAME, TEXT, KEY, SKU, URL = 500, 50_000, 200, 100, 2000
_LIMITS = {"name": NAME, "brand": 200, "description": TEXT, "product_type": 200, "external_ref": 200}

_slug = re.compile(PATTERN)
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_url = re.compile(r"https?://[^\s\"<>\\]+")
_path = re.compile(r"/?(?!/)(?![^/]*:)[^\s\"<>\\?#]+")  # no other scheme, host, query, or way up
_kind = re.compile(RELATED_KIND)


def checked(facts: ProductFacts) -> ProductFacts:
    """The facts with EANs in their kept form, and without kinds of related products that hold none; raises the refusal
    of the first thing that is wrong."""
    _check_slug(facts.slug)
    for field, longest in _LIMITS.items():
        check_text(getattr(facts, field) or "", f"/{field}", longest)
    if is_blank(facts.name):
        raise refusals.Blank("a product needs a name", pointer="/name")
    if facts.external_ref is not None and not facts.external_ref.strip():  # or the second one would be a conflict
        raise refusals.Blank("no reference is left out, not empty", pointer="/external_ref")
    _check_attributes(facts.attributes)
    _check_images(facts.images)
    _check_translations(facts.translations)
    _check_schedule(facts)
    related = {kind: products for kind, products in facts.related.items() if products}
    check_related(related)
    facts = structs.replace(facts, related=related, variants=_checked_variants(facts.variants, len(facts.images)))
    size = len(as_json(facts))
    if size > FACTS_BYTES:
        said = f"the facts take {size} bytes, {FACTS_BYTES} at most"
        raise refusals.FactsTooLarge(said, pointer="", limit=FACTS_BYTES)
    return facts


def check_text(text: str, pointer: str, longest: int) -> None:
    """Refuses what is too long or holds control characters (tabs and line ends are fine)."""
    if len(text) > longest:
        raise refusals.TooLong(f"{len(text)} characters, {longest} at most", pointer=pointer, limit=longest)
    if _control.search(text):
        raise refusals.BrokenText("control characters can't be kept", pointer=pointer)


def _check_slug(slug: str) -> None:
    if len(slug) > LONGEST or not _slug.fullmatch(slug):
        said = f"a slug is lower-case letters, digits and single hyphens, {LONGEST} characters at most"
        raise refusals.BrokenSlug(said, pointer="/slug")


def _check_attributes(attributes: Mapping[str, AttributeValue]) -> None:
    if len(attributes) > ATTRIBUTES:
        said = f"{len(attributes)} attributes, {ATTRIBUTES} at most"
        raise refusals.TooManyAttributes(said, pointer="/attributes", limit=ATTRIBUTES)
    for key, value in attributes.items():
        pointer = f"/attributes/{escaped(key)}"
        check_text(key, pointer, KEY)
        if is_blank(key):
            raise refusals.Blank("an attribute needs a name", pointer=pointer)
        for one, place in _values(value, pointer):
            _check_value(one, place)


def _values(value: AttributeValue, pointer: str) -> Iterator[tuple[bool | int | float | str, str]]:
    if not isinstance(value, list):
        yield value, pointer
        return
    if len(value) > VALUES:
        raise refusals.TooManyValues(f"{len(value)} values, {VALUES} at most", pointer=pointer, limit=VALUES)
    for index, one in enumerate(value):
        yield one, f"{pointer}/{index}"


def _check_value(value: bool | int | float | str, pointer: str) -> None:
    if isinstance(value, str):
        check_text(value, pointer, TEXT)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise refusals.NumberTooLarge("whole numbers go up to 64 bits", pointer=pointer)


def _check_images(images: Sequence[Image]) -> None:
    if len(images) > IMAGES:
        raise refusals.TooManyImages(f"{len(images)} images, {IMAGES} at most", pointer="/images", limit=IMAGES)
    for index, image in enumerate(images):
        check_text(image.url, f"/images/{index}/url", URL)
        check_text(image.alt, f"/images/{index}/alt", NAME)
        _check_alts(image.alts or {}, f"/images/{index}/alts")
        if not _url.fullmatch(image.url) and (not _path.fullmatch(image.url) or ".." in image.url.split("/")):
            said = "an image is named by an http or https address, or by a path below the shop's images"
            raise refusals.BrokenImage(said, pointer=f"/images/{index}/url")


def _check_alts(alts: Mapping[str, str], pointer: str) -> None:
    check_locales(alts, pointer)
    for locale, alt in alts.items():
        check_text(alt, f"{pointer}/{escaped(locale)}", NAME)


def check_locales(locales: Collection[str], pointer: str) -> None:
    """Refuses more languages than may be, and what is the name of none; `pointer`: where they are the keys."""
    if len(locales) > LOCALES:
        said = f"{len(locales)} languages, {LOCALES} at most"
        raise refusals.TooManyLocales(said, pointer=pointer, limit=LOCALES)
    for locale in locales:
        if not is_locale(locale):
            said = "a language is named as in de, de-AT or zh-Hant-TW"
            raise refusals.BrokenLocale(said, pointer=f"{pointer}/{escaped(locale)}")


def _check_translations(translations: Mapping[str, Translation]) -> None:
    check_locales(translations, "/translations")
    for locale, told in translations.items():
        pointer = f"/translations/{escaped(locale)}"
        check_text(told.name, f"{pointer}/name", NAME)
        check_text(told.description, f"{pointer}/description", TEXT)


def _check_schedule(facts: ProductFacts) -> None:
    for field in ("publish_at", "unpublish_at"):
        check_minute(getattr(facts, field), f"/{field}")
    if facts.publish_at and facts.unpublish_at and facts.unpublish_at <= facts.publish_at:
        raise refusals.NeverPublished("it would end before it begins", pointer="/unpublish_at")


def check_minute(moment: datetime | None, pointer: str) -> None:
    """Refuses a moment at which no product comes or goes."""
    if moment is not None and moment != minute_of(moment):
        raise refusals.NoWholeMinute("products come and go at whole minutes", pointer=pointer)


def check_related(related: Mapping[str, Sequence[Hashable]]) -> None:
    """Refuses kinds that can't be, or too many of them or in them; products by whatever tells them apart."""
    if len(related) > KINDS:
        said = f"{len(related)} kinds, {KINDS} at most"
        raise refusals.TooManyRelated(said, pointer="/related", limit=KINDS)
    for kind, products in related.items():
        pointer = f"/related/{escaped(kind)}"
        if not _kind.fullmatch(kind):
            raise refusals.BrokenKind("a kind is lower-case letters, digits and hyphens", pointer=pointer)
        if len(products) > MOST_RELATED:
            said = f"{len(products)} products, {MOST_RELATED} at most"
            raise refusals.TooManyRelated(said, pointer=pointer, limit=MOST_RELATED)
        if len(set(products)) < len(products):
            raise refusals.RelatedTwice("a product stands twice", pointer=pointer)


def _checked_variants(variants: Sequence[Variant], images: int) -> list[Variant]:
    if not variants:
        raise refusals.NoVariants("a product needs at least one variant", pointer="/variants")
    if len(variants) > VARIANTS:
        said = f"{len(variants)} variants, {VARIANTS} at most"
        raise refusals.TooManyVariants(said, pointer="/variants", limit=VARIANTS)
    seen: set[str] = set()
    for index, variant in enumerate(variants):
        if variant.sku in seen:
            raise refusals.DuplicateSku(f"{variant.sku} stands twice", pointer=f"/variants/{index}/sku")
        seen.add(variant.sku)
    for index, variant in enumerate(variants):
        _check_places(variant.images or [], images, f"/variants/{index}/images")
    return [_checked_variant(variant, f"/variants/{index}") for index, variant in enumerate(variants)]


def _check_places(places: Sequence[int], images: int, pointer: str) -> None:
    if len(set(places)) < len(places) or not all(0 <= place < images for place in places):
        said = f"of {images} images each may be named once, the first by 0"
        raise refusals.NoSuchImage(said, pointer=pointer)


def _checked_variant(variant: Variant, pointer: str) -> Variant:
    check_text(variant.sku, f"{pointer}/sku", SKU)
    if variant.sku in ("", ".", "..") or variant.sku != variant.sku.strip() or not variant.sku.isprintable():
        said = "a SKU is printable, not empty, has no white space around it, and is not . or .., which no address names"
        raise refusals.BrokenSku(said, pointer=f"{pointer}/sku")
    check_text(variant.name, f"{pointer}/name", NAME)
    if len(variant.options) > OPTIONS:
        said = f"{len(variant.options)} options, {OPTIONS} at most"
        raise refusals.TooManyOptions(said, pointer=f"{pointer}/options", limit=OPTIONS)
    for axis, option in variant.options.items():
        check_text(axis, f"{pointer}/options/{escaped(axis)}", KEY)
        check_text(option, f"{pointer}/options/{escaped(axis)}", KEY)
    if variant.ean is None:
        return variant
    ean = normalized(variant.ean)
    if ean is None:
        said = f"{variant.ean[:20]!r} is no EAN: 8, 12, 13 or 14 digits, the last of them the check digit"
        raise refusals.BrokenEan(said, pointer=f"{pointer}/ean")
    return variant if ean == variant.ean else structs.replace(variant, ean=ean)
