"""What an edit in bulk may do to each product. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, structs

from shared.events.catalog import AttributeValue, ProductFacts, Status
from shared.money import MinorUnits
from write_side import catalog, pricing
from write_side.catalog import MOST_RELATED, RELATED_KIND, Moment, Product, TaxClass
from write_side.moments import check_moments

LONGEST_TEXT = 200

Currency = Annotated[str, Meta(min_length=3, max_length=3, examples=["EUR"])]
Moved = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]


class Rounding(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"to": 100, "less": 1}`: to the nearest whole euro, less one cent: 19.99."""

    to: Annotated[int, Meta(ge=1, le=10**9)] = 1
    less: Annotated[int, Meta(ge=0, le=10**9)] = 0


class PriceByPercent(Struct, frozen=True, forbid_unknown_fields=True, tag="price_percent", tag_field="kind"):
    """`{"kind": "price_percent", "currency": "EUR", "basis_points": -1500}`: 15 % less."""

    currency: Currency
    basis_points: Annotated[int, Meta(ge=-10_000, le=100_000)]
    rounding: Rounding = Rounding()


class PriceByAmount(Struct, frozen=True, forbid_unknown_fields=True, tag="price_amount", tag_field="kind"):
    """`{"kind": "price_amount", "currency": "EUR", "amount_minor": -500}`: five euros less."""

    currency: Currency
    amount_minor: Moved
    rounding: Rounding = Rounding()


class PriceTo(Struct, frozen=True, forbid_unknown_fields=True, tag="price_set", tag_field="kind"):
    """`{"kind": "price_set", "currency": "EUR", "amount_minor": 1999}`: of what had no price, too."""

    currency: Currency
    amount_minor: MinorUnits


class AttributeSet(Struct, frozen=True, forbid_unknown_fields=True, tag="attribute_set", tag_field="kind"):
    """`{"kind": "attribute_set", "name": "season", "value": "winter"}`."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    value: AttributeValue


class AttributeRemoved(Struct, frozen=True, forbid_unknown_fields=True, tag="attribute_remove", tag_field="kind"):
    """`{"kind": "attribute_remove", "name": "season"}`."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]


class CategorySet(Struct, frozen=True, forbid_unknown_fields=True, tag="category_set", tag_field="kind"):
    """`{"kind": "category_set", "category_id": null}`: in none."""

    category_id: UUID | None


class StatusSet(Struct, frozen=True, forbid_unknown_fields=True, tag="status_set", tag_field="kind"):
    """`{"kind": "status_set", "status": "active"}`: published; `draft` takes it back, `archived` puts it away."""

    status: Status


class BrandSet(Struct, frozen=True, forbid_unknown_fields=True, tag="brand_set", tag_field="kind"):
    """`{"kind": "brand_set", "brand": "Lumeno"}`; empty: none."""

    brand: Text


class ProductTypeSet(Struct, frozen=True, forbid_unknown_fields=True, tag="product_type_set", tag_field="kind"):
    """`{"kind": "product_type_set", "product_type": "Lamp"}`; a product that is not as the type declares is left."""

    product_type: Text


class TaxClassSet(Struct, frozen=True, forbid_unknown_fields=True, tag="tax_class_set", tag_field="kind"):
    """`{"kind": "tax_class_set", "tax_class": "reduced"}`: of products; variants with their own keep it."""

    tax_class: TaxClass


class PublishAtSet(Struct, frozen=True, forbid_unknown_fields=True, tag="publish_at_set", tag_field="kind"):
    """`{"kind": "publish_at_set", "publish_at": "2026-11-27T18:00:00Z"}`: a whole minute; null: at once."""

    publish_at: Moment | None


class UnpublishAtSet(Struct, frozen=True, forbid_unknown_fields=True, tag="unpublish_at_set", tag_field="kind"):
    """`{"kind": "unpublish_at_set", "unpublish_at": null}`: never."""

    unpublish_at: Moment | None


class RelatedSet(Struct, frozen=True, forbid_unknown_fields=True, tag="related_set", tag_field="kind"):
    """`{"kind": "related_set", "related": "accessories", "product_ids": []}`: of that kind these, the best first, and
    nothing else; a product that is among them gets the others."""

    related: Annotated[str, Meta(pattern=RELATED_KIND, examples=["accessories"])]
    product_ids: Annotated[list[UUID], Meta(max_length=MOST_RELATED)]


PriceOperation = PriceByPercent | PriceByAmount | PriceTo
FactsOperation = (
    AttributeSet | AttributeRemoved | CategorySet | StatusSet | BrandSet | ProductTypeSet | TaxClassSet | PublishAtSet
    | UnpublishAtSet | RelatedSet
)  # fmt: skip
Operation = PriceOperation | FactsOperation


def facts_after(product: Product, operation: FactsOperation) -> ProductFacts:
    """What an operation makes of a product."""
    facts = product.facts
    match operation:
        case AttributeSet(name, value):
            return structs.replace(facts, attributes=facts.attributes | {name: value})
        case AttributeRemoved(name):
            left = {key: value for key, value in facts.attributes.items() if key != name}
            return structs.replace(facts, attributes=left)
        case TaxClassSet(tax_class):
            return structs.replace(facts, tax_class=UNSET if tax_class == "standard" else tax_class)
        case RelatedSet(kind, products):
            others = [id_ for id_ in products if id_ != product.id]
            return structs.replace(facts, related=facts.related | {kind: others})
        case CategorySet() | StatusSet() | BrandSet() | ProductTypeSet() | PublishAtSet() | UnpublishAtSet():
            return structs.replace(facts, **{name: _kept(said) for name, said in structs.asdict(operation).items()})


def _kept(said: Any) -> Any:
    """A value as facts have it: texts without white space around them, moments in UTC."""
    if isinstance(said, datetime):
        return said.astimezone(UTC)
    return said.strip() if isinstance(said, str) else said


def check_operation(operation: Operation, categories: Collection[UUID], products: Collection[UUID]) -> None:
    """Refuses what no product could take: `unknown_currency`, `no_such_category`, `no_such_product`, `related_twice`,
    `no_whole_minute`, `time_out_of_range`, `control_character`. `categories`, `products`: which there are."""
    match operation:
        case PriceByPercent() | PriceByAmount() | PriceTo():
            pricing.check_currency(operation.currency)
        case CategorySet(category_id) if category_id is not None and category_id not in categories:
            raise catalog.NoSuchCategory(f"there is no category {category_id}", pointer="/operation/category_id")
        case BrandSet(brand):
            catalog.check_text(brand, "/operation/brand", LONGEST_TEXT)
        case ProductTypeSet(product_type):
            catalog.check_text(product_type, "/operation/product_type", LONGEST_TEXT)
        case PublishAtSet(moment):
            _check_moment("/operation/publish_at", moment)
        case UnpublishAtSet(moment):
            _check_moment("/operation/unpublish_at", moment)
        case RelatedSet(_, ids):
            _check_related(ids, products)


def _check_moment(pointer: str, moment: datetime | None) -> None:
    check_moments(**{pointer[1:]: moment})
    catalog.check_minute(moment, pointer)


def _check_related(ids: Sequence[UUID], products: Collection[UUID]) -> None:
    if len(set(ids)) < len(ids):
        raise catalog.RelatedTwice("a product stands twice", pointer="/operation/product_ids")
    for place, id_ in enumerate(ids):
        if id_ not in products:
            raise catalog.NoSuchProduct(f"there is no product {id_}", pointer=f"/operation/product_ids/{place}")
