"""Which attributes the best hits make worth counting as facets. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log2

from read_side.search.elastic import Json
from read_side.search.parameters import SearchRequest
from shared.documents.quantities import quantity_of

BITS = 3.0  # eight values as frequent as each other: more don't make a facet more useful
ALL_DIFFERENT = 0.5  # so many values for each product are names rather than choices


def worth_counting(hits: Sequence[Json], asked: SearchRequest, most: int) -> list[str]:
    """Names of the attributes worth counting: those chosen from, then by how many of the best hits have them, times
    how well their values tell these apart."""
    values: dict[str, list[list[str]]] = defaultdict(list)
    for hit in hits:
        for name, words in hit["_source"].get("facets", {}).items():
            values[name].append(words)
    worth = {name: len(several) / len(hits) * _apart(name, several) for name, several in values.items()}
    best = sorted((name for name in worth if worth[name] > 0), key=lambda name: (-worth[name], name))
    return list(dict.fromkeys([*asked.attributes, *best]))[:most]


def _apart(name: str, several: Sequence[Sequence[str]]) -> float:
    """From 0, all the same, to 1: the entropy of the values."""
    counts = Counter(word for words in several for word in words)
    total = counts.total()
    bits = -sum(count / total * log2(count / total) for count in counts.values())
    names = len(several) > 2 and len(counts) > ALL_DIFFERENT * len(several) and not _numeric(name, counts)
    return min(bits, BITS) / BITS * (0.2 if names else 1.0)


def _numeric(name: str, counts: Iterable[str]) -> bool:
    return all(quantity_of(name, word) for word in counts)
