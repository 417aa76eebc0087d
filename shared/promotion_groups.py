"""Groups of "buy X, get Y": which pieces of a basket qualify, and which are given. Pure. Decision 102.

Groups are formed from the dearest piece down: of what is left, the `buy` dearest pieces that may qualify, those that
can't be given ahead of those that can, and then the `get` dearest of the rest that may be given. So of a set that is
bought and given from alike, the cheapest pieces of each group are given. How dear a piece is, is what is left of its
line by its quantity; of pieces that are as dear, the one whose SKU comes first in the order of code points is first.

Pieces of a line are counted, not named. A piece is in one group at most, whichever promotion formed it.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from shared.events.promotions import BuyGet


class Grouped(NamedTuple):
    """Of each line so many pieces are in groups, and so many of these are given."""

    pieces: list[int]
    given: list[int]


class Sides(NamedTuple):
    """Lines whose pieces may qualify, and whose pieces may be given, each in the order in which they are taken."""

    buys: "deque[int]"
    gets: "deque[int]"


def dearest_first(skus: Sequence[str], quantities: Sequence[int], left: Sequence[int]) -> list[int]:
    """The places of lines, by what is left of one of their pieces."""
    worth = [Fraction(now, quantity) for now, quantity in zip(left, quantities, strict=True)]
    return sorted(range(len(worth)), key=lambda n: (-worth[n], skus[n]))


def each_alone(order: Sequence[int], open_: Sequence[bool]) -> Iterator[Sides]:
    """Every open line for itself: groups of one and the same SKU."""
    return (Sides(deque([n]), deque([n])) for n in order if open_[n])


def across(order: Sequence[int], buys: Sequence[bool], gets: Sequence[bool]) -> Iterator[Sides]:
    """Groups over all lines: what can only qualify does so ahead of what can be given as well."""
    alone = (n for n in order if buys[n] and not gets[n])
    either = (n for n in order if buys[n] and gets[n])
    yield Sides(deque(chain(alone, either)), deque(n for n in order if gets[n]))


def grouped(rule: BuyGet, sides: Iterator[Sides], free: Sequence[int]) -> Grouped:
    """All groups that can be formed of so many free pieces of each line, and no more than the rule allows."""
    found, left = Grouped([0] * len(free), [0] * len(free)), list(free)
    most = sum(free) if rule.most_groups is None else rule.most_groups
    for side in sides:
        while most and (group := _next(rule, side, left)):
            times = min(most, *(left[n] // taken for n, taken in group.taken.items()))
            _take(found, left, group, times)
            most -= times
    return found


def each_for_itself(rule: BuyGet, open_: Sequence[bool], free: Sequence[int]) -> Grouped:
    """The same as `grouped` of `each_alone`, where there may be any number of groups: no line waits for another."""
    groups = [n // (rule.buy + rule.get) if fits else 0 for fits, n in zip(open_, free, strict=True)]
    return Grouped([n * (rule.buy + rule.get) for n in groups], [n * rule.get for n in groups])


class _Group(NamedTuple):
    """Line → pieces of it in one group, and those that are given."""

    taken: Mapping[int, int]
    given: Mapping[int, int]


def _next(rule: BuyGet, side: Sides, left: Sequence[int]) -> _Group | None:
    qualifying = _dearest(side.buys, rule.buy, left, {})
    given = None if qualifying is None else _dearest(side.gets, rule.get, left, qualifying)
    if qualifying is None or given is None:
        return None
    return _Group({n: qualifying.get(n, 0) + given.get(n, 0) for n in (*qualifying, *given)}, given)


def _dearest(
    lines: "deque[int]", wanted: int, left: Sequence[int], taken: Mapping[int, int]
) -> dict[int, int] | None:
    """So many of the first pieces of these lines, beside those that are taken; None if there are fewer."""
    while lines and not left[lines[0]]:
        lines.popleft()  # else a long cart would be walked through from its beginning for each group
    found = {}
    for n in lines:
        if there := min(left[n] - taken.get(n, 0), wanted):
            found[n] = there
            wanted -= there
        if not wanted:
            return found
    return None


def _take(found: Grouped, left: list[int], group: _Group, times: int) -> None:
    """A cart may hold thousands of a SKU: the same group again and again is one step."""
    for n, taken in group.taken.items():
        left[n] -= taken * times
        found.pieces[n] += taken * times
    for n, given in group.given.items():
        found.given[n] += given * times


class InGroups:
    """How many pieces of each line are in groups of the promotions so far.

    Groups of one and the same SKU never kept one another from a piece, so they count as the greatest of them; groups
    over sets keep everybody from theirs.
    """

    def __init__(self, quantities: Sequence[int]) -> None:
        self._quantities = quantities
        self._over_sets, self._of_one_sku = [0] * len(quantities), [0] * len(quantities)

    def free(self, rule: BuyGet) -> list[int]:
        """How many of each line this one may still group."""
        free = [all_ - used for all_, used in zip(self._quantities, self._over_sets, strict=True)]
        return free if rule.buy_of is None else [n - used for n, used in zip(free, self._of_one_sku, strict=True)]

    def note(self, rule: BuyGet, pieces: Sequence[int]) -> None:
        """These are in its groups."""
        if rule.buy_of is None:
            self._of_one_sku = [max(both) for both in zip(self._of_one_sku, pieces, strict=True)]
        else:
            self._over_sets = [sum(both) for both in zip(self._over_sets, pieces, strict=True)]
