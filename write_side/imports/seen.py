"""Numbers of 64 bits that were seen: some 20 bytes for each of a million, where a set takes 80."""

from array import array
from collections.abc import Iterable

SHELVES = 1 << 16  # with so few numbers on each that looking through one costs less than a hash would


class Seen:
    """Grows shelf by shelf, so that nobody waits while all of it is moved."""

    def __init__(self) -> None:
        self._shelves: list[array[int] | None] = [None] * SHELVES

    def __contains__(self, number: int) -> bool:
        shelf = self._shelves[number % SHELVES]
        return shelf is not None and number in shelf

    def __bool__(self) -> bool:
        return any(self._shelves)

    def add(self, number: int) -> None:
        """It was seen; once more takes no room."""
        at = number % SHELVES
        shelf = self._shelves[at]
        if shelf is None:
            self._shelves[at] = array("q", [number])
        elif number not in shelf:
            shelf.append(number)


class Names:
    """Texts that were seen, each by its hash."""

    def __init__(self) -> None:
        self._seen = Seen()

    def __contains__(self, name: object) -> bool:
        return hash(name) in self._seen

    def add(self, name: str) -> None:
        """It was seen."""
        self._seen.add(hash(name))


class Called:
    """What products are called: by their SKUs, and by their slugs."""

    def __init__(self) -> None:
        self.skus, self.slugs = Names(), Names()

    def __contains__(self, name: object) -> bool:
        return name in self.skus or name in self.slugs

    def add(self, skus: Iterable[str], slug: str | None) -> None:
        """A product is called so."""
        for sku in skus:
            self.skus.add(sku)
        if slug:
            self.slugs.add(slug)
