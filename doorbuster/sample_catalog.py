"""A made-up catalog that looks like a shop's, with the columns of the default import. All of it is invented.

The same seed and number give the same file, byte for byte.
"""

import csv
import gzip
import io
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import IO

from doorbuster.sample_words import BRANDS, COLOURS, KINDS, SERIES, Choice, Kind
from shared.ean import check_digit

COLUMNS = ["product_id", "product_name", "product_description", "product_features", "brand", "price", "ean", "image"]
_VIEWS = ("front", "side", "detail")
IMAGES = "https://images.doorbuster.example"


def write_catalog(path: Path, products: int, seed: int, *, priced: bool = True, after: int = 0) -> None:
    """Write that many products, tab-separated; gzipped if the name ends in .gz. Without prices each is one event.
    `after` leaves out that many of the first: what makes a catalog of so many one of `products`."""
    made = itertools.islice(rows(products, seed), after, None)
    write_rows(path, made if priced else map(_without_price, made))


def write_rows(path: Path, made: Iterable[list[str]]) -> None:
    """Write some of the rows, under the names of their columns."""
    with path.open("wb") as raw:
        # No time and no name in the gzip header: the same seed gives the same bytes.
        stream: IO[bytes] = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else raw  # type: ignore[assignment]
        with stream, io.TextIOWrapper(stream, encoding="utf-8", newline="") as text:
            table = csv.writer(text, delimiter="\t", lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(made)


def rows(products: int, seed: int) -> Iterator[list[str]]:
    """One row per product."""
    random = Random(seed)
    weights = [kind.weight for kind in KINDS]
    for number in range(products):
        [kind] = random.choices(KINDS, weights)
        yield _row(random, kind, number)


def _without_price(row: list[str]) -> list[str]:
    return ["" if column == "price" else value for column, value in zip(COLUMNS, row, strict=True)]


def _row(random: Random, kind: Kind, number: int) -> list[str]:
    sku = f"DB{100_000 + number}"
    brand = random.choice([brand for brand, kinds in BRANDS.items() if kind.name in kinds])
    model = f"{random.choice(SERIES)} {random.choice('ACEGMRSTX')}{random.randrange(1, 100) * 10}"
    colour = random.choice(COLOURS)
    chosen = {name: _value(random, choice) for name, choice in kind.attributes.items()}
    features = {"product type": kind.name, "product colour": colour, **chosen}
    if random.random() < 0.1:
        features["product colour"] = f"{colour}|product colour:{random.choice(COLOURS)}"  # a repeated key
    shown = ", ".join(_told(name, value) for name, value in list(chosen.items())[:3] if value not in ("True", "False"))
    return [
        sku,
        f"{brand} {model} {kind.name} {colour}",
        f"{random.choice(kind.praise)} {random.choice(_PROMISES).format(brand=brand)} {shown}.".strip(),
        "|".join(f"{name}:{value}" for name, value in features.items()),
        brand,
        str(_price(random, kind)),
        _ean(number),
        ",".join(f"{IMAGES}/{sku.lower()}-{view}.jpg" for view in _VIEWS[: random.randrange(1, 4)]),
    ]


_PROMISES = (
    "{brand} gives it a guarantee of three years.",
    "Comes in packaging without plastic.",
    "Tested for two years of daily use.",
    "Spare parts are kept for ten years.",
    "{brand} repairs it instead of replacing it.",
)


def _told(name: str, value: str) -> str:
    """`length (m)` and `2` as `length 2 m`."""
    what, _, unit = name.removesuffix(")").partition(" (")
    return f"{what} {value} {unit}".rstrip()


def _value(random: Random, choice: Choice) -> str:
    if isinstance(choice, tuple):
        return random.choice(choice)
    if choice is bool:
        return str(random.random() < 0.5)
    assert isinstance(choice, range)
    return str(random.choice(choice))


def _price(random: Random, kind: Kind) -> int:
    """Most are near the cheap end, some are not, all end in 9."""
    low, high = kind.cents
    price = low + int((high - low) * random.random() ** 2.2)
    return price - price % 100 + random.choice((49, 89, 95, 99, 99))


def _ean(number: int) -> str:
    digits = f"200{number:09d}"  # 200 to 299 is never given to a real article
    return f"{digits}{check_digit(digits)}"
