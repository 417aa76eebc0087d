"""What the checks caught, and whom they troubled, counted.

Only orders that the bank took are counted: a declined card is no merit of the checks. An attack's order is *caught* if
it was held or refused. Of an attack's orders those of the *opening* are left out of `caught`, since they look like
anybody's (each variant says how many and why); `all` counts them too. A campaign is one attacker's trace: its share is
that of its orders after the opening that were caught; `campaigns` is the mean of these shares, so that an attack of two
orders weighs as much as one of two hundred, and `unseen` the number of campaigns of which nothing was caught.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from msgspec import Struct

from tests.fraud_suite.replay import Judged


class Attacks(Struct, frozen=True):
    """Percents; None where there is nothing to count."""

    orders: int
    after_opening: int
    caught_percent: float | None
    refused_percent: float | None  # of those after the opening
    all_percent: float | None
    campaigns: int
    campaigns_percent: float | None
    unseen: int


class Good(Struct, frozen=True):
    """Of good orders: how many were held for a person or refused."""

    orders: int
    held: int
    refused: int
    stopped_percent: float | None


class Report(Struct, frozen=True):
    """Of one half: all attacks, each kind, each variant; all good orders, each variant."""

    attacks: Attacks
    kinds: dict[str, Attacks]
    variants: dict[str, Attacks]
    good: Good
    good_variants: dict[str, Good]


def report(judged: Sequence[Judged]) -> Report:
    """Counts what a replay judged."""
    bad = [each for each in judged if each.tried.attack]
    good = [each for each in judged if not each.tried.attack]
    return Report(
        _attacks(bad),
        {kind: _attacks(those) for kind, those in sorted(_by(bad, lambda each: each.trace.kind).items())},
        {name: _attacks(those) for name, those in sorted(_by(bad, _variant).items())},
        _good(good),
        {name: _good(those) for name, those in _by(good, _good_variant).items()},
    )


def _variant(judged: Judged) -> str:
    return f"{judged.trace.kind}: {judged.trace.variant}"


def _good_variant(judged: Judged) -> str:
    return judged.trace.variant if judged.trace.kind == "good" else "victims, before"


def _by(judged: Iterable[Judged], key: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    found = defaultdict(list)
    for each in judged:
        found[key(each)].append(each)
    return dict(found)


def _attacks(judged: Sequence[Judged]) -> Attacks:
    later = [each for each in judged if not each.tried.opening]
    campaigns = [_share(those) for those in _by(later, lambda each: each.trace.name).values()]
    return Attacks(
        len(judged), len(later), _percent(later),
        _rounded(fmean(each.found.verdict == "refuse" for each in later)) if later else None,
        _percent(judged), len(campaigns), _rounded(fmean(campaigns)) if campaigns else None, campaigns.count(0),
    )  # fmt: skip


def _good(judged: Sequence[Judged]) -> Good:
    verdicts = [each.found.verdict for each in judged]
    return Good(len(judged), verdicts.count("review"), verdicts.count("refuse"), _percent(judged))


def _share(judged: Sequence[Judged]) -> float:
    return fmean(each.stopped for each in judged)


def _percent(judged: Sequence[Judged]) -> float | None:
    return _rounded(_share(judged)) if judged else None


def _rounded(share: float) -> float:
    return round(100 * share, 2)


def table(found: Report) -> Iterable[str]:
    """Lines to read: attacks by kind and variant, then good shoppers, those most troubled first."""
    head = ("orders", "later", "caught %", "refused %", "all %", "campaigns", "share %", "unseen")
    yield f"{'':46}" + "".join(f"{word:>11}" for word in head)
    yield _line("ALL ATTACKS", found.attacks)
    for kind, attacks in found.kinds.items():
        yield _line(kind, attacks)
        for name, variant in found.variants.items():
            if name.startswith(f"{kind}: "):
                yield _line(f"  {name.removeprefix(f'{kind}: ')}", variant)
    yield f"{'':46}" + "".join(f"{word:>11}" for word in ("orders", "held", "refused", "stopped %"))
    yield _line("ALL GOOD ORDERS", found.good)
    for name, good in sorted(found.good_variants.items(), key=lambda one: -(one[1].stopped_percent or 0)):
        yield _line(f"  {name}", good)


def _line(name: str, counted: Attacks | Good) -> str:
    figures = [getattr(counted, field) for field in counted.__struct_fields__]
    return f"{name:46}" + "".join(f"{'-' if figure is None else figure:>11}" for figure in figures)
