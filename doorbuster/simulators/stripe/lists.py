"""Pages of objects, newest first, and the expansion of ids into objects."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from .errors import invalid, missing
from .ledger import Ledger
from .objects import Refund, StripeObject
from .params import Spec, anything, array_of, hash_of, integer, text

COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}


def _created(name: str, value: Any) -> dict[str, int]:
    if isinstance(value, str):
        return {"gte": (moment := integer()(name, value)), "lte": moment}
    return dict(hash_of(dict.fromkeys(COMPARE, integer()))(name, value))


PAGE: Spec = {
    "limit": integer(1, 100),
    "starting_after": text(),
    "ending_before": text(),
    "created": _created,
    "expand": array_of(text()),
    "customer": anything,
}


def page(shelf: Mapping[str, Any], url: str, params: dict[str, Any], wanted: Callable[[Any], bool]) -> dict[str, Any]:
    """One page of what is `wanted`, by `limit` (10), `created` and the cursors."""
    limit, back = params.get("limit", 10), params.get("ending_before")
    cursor = params.get("starting_after") or back
    if cursor and cursor not in shelf:
        raise missing("object", cursor, "ending_before" if back else "starting_after", status=400)
    newest_first = list(shelf) if back else reversed(list(shelf))
    ids = iter(newest_first)
    if cursor:
        next(identifier for identifier in ids if identifier == cursor)
    bounds = params.get("created", {}).items()
    found = (
        each
        for each in map(shelf.__getitem__, ids)
        if wanted(each) and all(COMPARE[by](each.created, bound) for by, bound in bounds)
    )
    data = list(islice(found, limit + 1))
    more, data = len(data) > limit, data[:limit]
    return {"object": "list", "data": data[::-1] if back else data, "has_more": more, "url": url}


def expanded(answer: Any, paths: list[str], ledger: Ledger, fresh: Sequence[StripeObject] = ()) -> Any:
    """The answer with the objects that `expand` names in place of their ids; `fresh` ones are not recorded yet."""
    tree = msgspec.to_builtins(answer)
    known = {each.id: each for each in fresh}
    for path in paths:
        _expand(tree, path.split("."), path, ledger, known)
    return tree


def _expand(node: Any, segments: list[str], path: str, ledger: Ledger, fresh: Mapping[str, Any]) -> None:
    if isinstance(node, list):
        for each in node:
            _expand(each, segments, path, ledger, fresh)
        return
    if not segments or not isinstance(node, dict):
        return
    name = segments[0]
    if node.get("object") == "charge" and name == "refunds" and "refunds" not in node:
        node["refunds"] = _refunds(node["id"], ledger, fresh)
    if name not in node:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    if isinstance(identifier := node[name], str):
        shelf = _shelf(name, ledger)
        if shelf is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        node[name] = msgspec.to_builtins(fresh.get(identifier) or shelf[identifier])
    _expand(node[name], segments[1:], path, ledger, fresh)


def _shelf(name: str, ledger: Ledger) -> Mapping[str, Any] | None:
    shelves: dict[str, Mapping[str, Any]] = {
        "latest_charge": ledger.charges,
        "charge": ledger.charges,
        "payment_intent": ledger.intents,
        "payment_method": ledger.methods,
    }
    return shelves.get(name)


def _refunds(charge_id: str, ledger: Ledger, fresh: Mapping[str, Any]) -> dict[str, Any]:
    known = {each: ledger.refunds[each] for each in ledger.refunds_of.get(charge_id, [])}
    new = {each.id: each for each in fresh.values() if isinstance(each, Refund) and each.charge == charge_id}
    newest_first = list((known | new).values())[::-1]
    url = f"/v1/charges/{charge_id}/refunds"
    return {"object": "list", "data": msgspec.to_builtins(newest_first), "has_more": False, "url": url}
