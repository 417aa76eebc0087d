"""What the catalog says no to. Each has its own code; what is wrong with the input names its place in `pointer`."""

from collections.abc import Collection, Mapping

from write_side.errors import Invalid, NotFound, Refusal

_TOLD = 5  # SKUs that a sentence names


class UnknownProduct(NotFound):
    """No product has this id."""

    code = "unknown_product"


class UnknownSku(NotFound):
    """No product sells this SKU. Of several that were named, `skus`: all that none sells, `pointer`: where the first
    of them was."""

    code = "unknown_sku"


def check_sold(named: Mapping[str, str], sold: Collection[str]) -> None:
    """Raises `UnknownSku` for what nobody sells of the SKUs that were named. `named`: SKUs by their places in the
    input, such as `/skus/0`; "" for one that stands in the address."""
    unknown = {place: sku for place, sku in named.items() if sku not in sold}
    if not unknown:
        return
    [place, *_], skus = unknown, list(unknown.values())
    more = f" and {len(skus) - _TOLD} more" if len(skus) > _TOLD else ""
    detail = f"nobody sells {', '.join(skus[:_TOLD])}{more}"
    # An address may be very long: it is not told once more than it has to be.
    raise UnknownSku(detail, sku=skus[0], **({"skus": skus, "pointer": place} if place else {}))


class UnknownCategory(NotFound):
    """No category has this id."""

    code = "unknown_category"


class NoSuchCategory(Invalid):
    """The category that the input names does not exist."""

    code = "no_such_category"


class CategoryCycle(Refusal):
    """A category can't lie below itself."""

    code = "category_cycle"


class CategoryTooDeep(Invalid):
    """The tree has a bottom, so that every walk through it ends."""

    code = "category_too_deep"


class SlugTaken(Refusal):
    """Another product (or category) has this slug."""

    code = "slug_taken"


class SkuTaken(Refusal):
    """Another product has this SKU, or had it: a SKU never changes hands, orders and stock name it."""

    code = "sku_taken"


class ExternalRefTaken(Refusal):
    """Another product has this external reference."""

    code = "external_ref_taken"


class DuplicateSku(Invalid):
    """Two variants of the product have the same SKU."""

    code = "duplicate_sku"


class BrokenSku(Invalid):
    """Empty, with white space around it, not printable, or one or two dots, which no address can name."""

    code = "broken_sku"


class BrokenEan(Invalid):
    """Not 8, 12, 13 or 14 digits, or a wrong check digit."""

    code = "broken_ean"


class BrokenSlug(Invalid):
    """Slugs are lower-case letters, digits and single hyphens."""

    code = "broken_slug"


class BrokenText(Invalid):
    """Control characters, which no page can show and Postgres can't keep."""

    code = "control_character"


class Blank(Invalid):
    """Nothing to be seen: white space, or signs without a width."""

    code = "blank"


class TooLong(Invalid):
    """More characters than this field takes."""

    code = "too_long"


class TooManyAttributes(Invalid):
    """More attributes than a product may have."""

    code = "too_many_attributes"


class TooManyValues(Invalid):
    """More values than a list attribute may have."""

    code = "too_many_values"


class TooManyImages(Invalid):
    """More images than a product may have."""

    code = "too_many_images"


class TooManyLocales(Invalid):
    """More languages than a product may have."""

    code = "too_many_locales"


class BrokenLocale(Invalid):
    """No name of a language."""

    code = "broken_locale"


class NoWholeMinute(Invalid):
    """Products come and go at whole minutes."""

    code = "no_whole_minute"


class NeverPublished(Invalid):
    """It would be taken away before it comes."""

    code = "never_published"


class TooManyVariants(Invalid):
    """More variants than a product may have, or none at all."""

    code = "too_many_variants"


class TooManyOptions(Invalid):
    """More options than a variant may have."""

    code = "too_many_options"


class NoVariants(Invalid):
    """A product sells at least one SKU."""

    code = "no_variants"


class NumberTooLarge(Invalid):
    """Whole numbers go up to 64 bits."""

    code = "number_too_large"


class BrokenImage(Invalid):
    """Images are named by http or https addresses, or by paths."""

    code = "broken_image_url"


class NoSuchImage(Invalid):
    """A variant is shown by an image that its product doesn't have, or by one twice."""

    code = "no_such_image"


class BrokenKind(Invalid):
    """No name of a kind of related products."""

    code = "broken_kind"


class TooManyRelated(Invalid):
    """More related products, or kinds of them, than a product may have."""

    code = "too_many_related"


class RelatedTwice(Invalid):
    """A related product stands twice in one list."""

    code = "related_twice"


class NoSuchProduct(Invalid):
    """A related product does not exist, or is the product itself."""

    code = "no_such_product"


class FactsTooLarge(Invalid):
    """All facts together take more bytes than an event may."""

    code = "facts_too_large"
