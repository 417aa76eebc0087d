"""What a search may be asked: parameters, checked and in one value."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from litestar import Request
from litestar.params import QueryParameter
from msgspec import Struct

from read_side.parameters import DEFAULT_CHANNEL, Channel, Locale, locales_of
from shared.documents.products import LONGEST_CHOICE
from shared.http.problems import INVALID_INPUT, FieldError, Problem, Told
from shared.locales import Locales
from shared.money import EXPONENTS, is_known

FILTER_PREFIX, VALUES_PREFIX = "filter.", "values."
FAMILIES = (FILTER_PREFIX, VALUES_PREFIX)
MOST_FILTERS = 20
MOST_VALUES = 50
LONGEST_VALUE = 200  # characters
LONGEST_FACETS, LONGEST_CURSOR = 1000, 2000
LONGEST_TYPED = 50  # characters of a facet's value
MOST_HITS = 100
DEAREST = 10**12  # minor units
UNKNOWN_CURRENCY = Told(400, "unknown_currency", "Prices are not kept in this currency.")

Sort = Literal["relevance", "price_asc", "price_desc", "newest", "name"]

Text = Annotated[str, QueryParameter(max_length=LONGEST_VALUE, description="Words, or a SKU or EAN.")]
Typed = Annotated[str, QueryParameter(max_length=100, description="What is typed so far.")]
_SEVERAL = {"maxItems": MOST_VALUES, "items": {"type": "string", "maxLength": LONGEST_VALUE}}
CategorySlugs = Annotated[
    list[str] | None,
    QueryParameter(
        name="category", description="Slug, all below it included. Repeated: any of them.", schema_extra=_SEVERAL
    ),
]
Brands = Annotated[
    list[str] | None,
    QueryParameter(name="brand", description="Repeated: any of them.", schema_extra=_SEVERAL),
]
PriceMin = Annotated[int | None, QueryParameter(ge=0, le=DEAREST, description="Minor units of `currency`.")]
PriceMax = Annotated[int | None, QueryParameter(ge=0, le=DEAREST, description="Minor units of `currency`.")]
Prices = Annotated[
    list[str] | None,
    QueryParameter(
        name="price",
        description="`5000..9999`, `5000..` or `..9999`, both ends taken in, in minor units of `currency`. Repeated: "
        "any of them.",
        schema_extra={
            "maxItems": MOST_VALUES,
            "items": {"type": "string", "pattern": r"^([0-9]{1,12}\.\.[0-9]{0,12}|\.\.[0-9]{1,12})$"},
        },
    ),
]
CurrencyCode = Annotated[
    str,
    QueryParameter(
        description="Of prices, price filters and price sorts.", schema_extra={"enum": sorted(EXPONENTS)}
    ),
]
_BETWEEN = re.compile(r"([0-9]{0,12})\.\.([0-9]{0,12})")
Available = Annotated[bool | None, QueryParameter(description="true: only what is not out of stock.")]
Limit = Annotated[int, QueryParameter(ge=0, le=MOST_HITS, description="Products per page.")]
CursorToken = Annotated[
    str | None, QueryParameter(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before.")
]
FacetNames = Annotated[
    list[str] | None,
    QueryParameter(
        description="Brand, category, available, price (as `price_ranges`), attribute names, by commas; repeated, each "
        "is a name as it stands, commas included. Left out: brand, category and the attributes that tell the best hits "
        "apart; not counted again on later pages. Empty: none.",
        schema_extra={"maxItems": MOST_FILTERS, "items": {"type": "string", "maxLength": LONGEST_FACETS}},
    ),
]


class Between(NamedTuple):
    """Prices from one to the other, both taken in; None: no end."""

    low: int | None
    high: int | None


class SearchRequest(Struct, frozen=True):
    """A search as asked. `attributes` are the filters on attributes: any value of one, all of them together."""

    text: str
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]
    price_min: int | None
    price_max: int | None
    currency: str
    available: bool
    sort: Sort
    limit: int
    cursor: str | None
    facets: tuple[str, ...] | None  # None: chosen by the result
    locales: Locales = None  # in which names are shown
    channel: str = DEFAULT_CHANNEL
    priced_by: str = "prices"  # the field that prices count by, its currency left out
    price_between: tuple[Between, ...] = ()  # any of them
    typed: dict[str, str] = {}  # facet → what is typed of a value

    @property
    def price(self) -> str:
        """The field that prices count by."""
        return f"{self.priced_by}.{self.currency}"

    @property
    def goes_by_price(self) -> bool:
        """Whether what it finds, or its order, depends on prices."""
        bounded = self.price_min is not None or self.price_max is not None or bool(self.price_between)
        return bounded or self.sort in ("price_asc", "price_desc")

    def counts(self, facet: str) -> bool:
        """Whether the client named it."""
        return self.facets is not None and facet in self.facets


async def search_request(
    request: Request[Any, Any, Any],
    q: Text = "",
    categories: CategorySlugs = None,
    brands: Brands = None,
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    price: Prices = None,
    currency: CurrencyCode = "EUR",
    available: Available = None,
    sort: Annotated[Sort, QueryParameter()] = "relevance",
    limit: Limit = 20,
    cursor: CursorToken = None,
    facets: FacetNames = None,
    locale: Locale = None,
    channel: Channel = DEFAULT_CHANNEL,
) -> SearchRequest:
    """The parameters of a search; answers 400 with each one that doesn't fit."""
    if not is_known(currency):
        raise refused("?currency", "unknown_currency", "prices are not kept in this currency", UNKNOWN_CURRENCY)
    given = list(request.query_params.multi_items())
    typed = typed_in(given)
    return SearchRequest(
        text=q.strip(),
        categories=alternatives("?category", categories),
        brands=alternatives("?brand", brands),
        attributes=attributes_in(given),
        price_min=price_min,
        price_max=price_max,
        currency=currency,
        available=bool(available),
        sort=sort,
        limit=limit,
        cursor=cursor,
        facets=facet_names(facets, typed),
        locales=locales_of(request, locale),
        channel=channel,
        price_between=prices_between(price),
        typed=typed,
    )


def alternatives(parameter: str, values: Sequence[str] | None) -> tuple[str, ...]:
    """The values of a parameter that may be repeated, each once; answers 400 for too many."""
    given = values or []
    if len(given) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in given):
        raise refused(parameter, "out_of_range", f"at most {MOST_VALUES} values of {LONGEST_VALUE} characters")
    return tuple(sorted(set(given)))


def prices_between(values: Sequence[str] | None) -> tuple[Between, ...]:
    """Ranges of prices; answers 400 for what is none."""
    found = [_BETWEEN.fullmatch(value) for value in alternatives("?price", values)]
    if not all(each and len(each[0]) > len("..") for each in found):
        raise refused("?price", "out_of_range", "minor units, as in 5000..9999, 5000.. or ..9999")
    ends = [[int(end) if end else None for end in each.groups()] for each in found if each]
    return tuple(Between(low, high) for low, high in ends)


def attributes_in(given: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """`filter.<attribute>=value`, or a range of numbers as its value, repeated for alternatives; answers 400 for too
    many of them, or too long ones."""
    found: dict[str, set[str]] = {}
    for name, value in given:
        if name.startswith(FILTER_PREFIX):
            attribute = name.removeprefix(FILTER_PREFIX)
            if not attribute or len(attribute) > LONGEST_VALUE or len(value) > LONGEST_CHOICE:
                most = f"a name of 1 to {LONGEST_VALUE} characters, a value of {LONGEST_CHOICE} at most"
                raise refused(f"?{name[:80]}", "out_of_range", most)
            found.setdefault(attribute, set()).add(value)
    if len(found) > MOST_FILTERS or sum(map(len, found.values())) > MOST_VALUES:
        raise refused("?filter", "out_of_range", f"at most {MOST_FILTERS} attributes and {MOST_VALUES} values")
    return {attribute: tuple(sorted(values)) for attribute, values in sorted(found.items())}


def typed_in(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """`values.<facet>=hew`: of a facet only values of which a word begins so; answers 400 for two of one, or too long
    ones."""
    found: dict[str, str] = {}
    for name, value in given:
        if name.startswith(VALUES_PREFIX):
            facet = name.removeprefix(VALUES_PREFIX)
            if not facet or facet in found or len(facet) > LONGEST_VALUE or len(value) > LONGEST_TYPED:
                raise refused(f"?{name[:80]}", "out_of_range", f"once, at most {LONGEST_TYPED} characters")
            found[facet] = value.strip()
    return found


def facet_names(facets: Sequence[str] | None, typed: Iterable[str] = ()) -> tuple[str, ...] | None:
    """Names by commas, or one by one, each once, and those that something is typed of; answers 400 for too many."""
    given = facets or []
    names = tuple(dict.fromkeys(name for name in [*_split(given), *typed] if name))
    if max(len(names), len(given)) > MOST_FILTERS or any(len(each) > LONGEST_FACETS for each in given):
        raise refused("?facets", "out_of_range", f"at most {MOST_FILTERS}")
    return names if names or facets is not None else None


def _split(given: Sequence[str]) -> Sequence[str]:
    return given[0].split(",") if len(given) == 1 else given


def refused(pointer: str, code: str, detail: str, kind: Told = INVALID_INPUT) -> Problem:
    """400 for one parameter."""
    return kind.problem(f"{detail}.", errors=[FieldError(pointer, code, detail)])
