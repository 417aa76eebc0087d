"""Which products are shown, pure: closeness to all that somebody has in hand, then what is popular."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from shared.documents.recommendations import Near


def closest(near: Iterable[Near], without: Collection[UUID]) -> list[UUID]:
    """Products by the sum of their closeness, the closest first; as close ones by their ids."""
    total: dict[UUID, float] = defaultdict(float)
    for each in near:
        for neighbour in each.neighbours:
            total[neighbour.product_id] += neighbour.closeness
    return sorted((id_ for id_ in total if id_ not in without), key=lambda id_: (-total[id_], id_))


def followed_by(first: Sequence[UUID], *others: Sequence[UUID], without: Collection[UUID]) -> list[UUID]:
    """These, then those, each once."""
    return list(dict.fromkeys(id_ for part in (first, *others) for id_ in part if id_ not in without))
