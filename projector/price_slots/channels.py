"""Channels beside `web` that price lists name, and when what is in force there. Pure.

They get slots. In channels that no list names others may be in force than in `web`, too: those get none, so that they
cost nothing, and go by the prices of a slot that is for just what is in force there, if any is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from projector.price_slots.turns import Said
from shared.documents.price_slots import ELSEWHERE, WEB, Turn
from shared.price_rule import is_over

MOST = 8  # that are looked after: all others go by the prices of `web` if there are more

Channels = Mapping[str, list[Turn]]


def named(said: Said, now: datetime) -> list[str]:
    """Those of lists for everybody that aren't over, the list that was announced first before others; and `ELSEWHERE`
    for all that none names, if any is named and all are looked after."""
    last = [each.steps[-1].terms for each in sorted(said.lists, key=lambda each: each.id)]
    lists = [terms for terms in last if terms and not terms.groups and not is_over(terms, now)]
    names = dict.fromkeys(name for terms in lists for name in sorted(terms.channels))
    others = [name for name in names if name != WEB]
    return others[:MOST] if len(others) > MOST or not names else [*others, ELSEWHERE]


def apart(web: Sequence[Turn], counted: Channels) -> dict[str, list[Turn]]:
    """The turns that queries have to be told beside those of `web`: none where all is as there. If `ELSEWHERE` is not
    among those that were counted, nobody knows what is in force in channels that aren't named."""
    if not counted:
        return {}
    elsewhere = counted.get(ELSEWHERE, [])
    if elsewhere == web:
        return {name: turns for name, turns in counted.items() if turns != web}
    return {**counted, ELSEWHERE: elsewhere}


def with_slots(told: Channels) -> list[list[Turn]]:
    """The turns of those that get slots."""
    return [turns for name, turns in told.items() if name != ELSEWHERE]
