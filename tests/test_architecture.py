"""The layout's promises. Each rule holds for the code, and is shown to fail for code that breaks it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import architecture_rules as rules
from tests.architecture_rules import Sources

_ROOT = Path(__file__).parents[1]
_SCHEMA = {
    "write_side/schema/migrations/0002_inventory.sql": "CREATE TABLE stock_item (sku text);",
    "write_side/inventory/store.py": 'TAKE = "UPDATE stock_item SET reserved = 1"',
}

Rule = Callable[[Sources], list[str]]

RULES: list[Rule] = [
    rules.sides_know_each_other,
    rules.contracts_use_more_than_msgspec,
    rules.domains_do_more_than_decide,
    rules.contexts_look_behind_faces,
    rules.faces_are_bypassed_by_name,
    rules.tables_have_two_homes,
    rules.stores_are_not_the_only_sql,
    rules.projector_touches_foreign_tables,
    rules.load_tests_import_ours,
    rules.modules_open_clients,
]

VIOLATIONS: list[tuple[Rule, Sources]] = [
    (rules.sides_know_each_other, {"read_side/stock/queries.py": "from write_side.inventory import reserve"}),
    (rules.sides_know_each_other, {"projector/stock.py": "import read_side.app"}),
    (rules.sides_know_each_other, {"write_side/app.py": "def start():\n    from doorbuster import cli"}),
    (rules.sides_know_each_other, {"shared/events/stock.py": "from write_side import errors"}),
    (rules.contracts_use_more_than_msgspec, {"shared/events/stock.py": "import asyncpg"}),
    (rules.contracts_use_more_than_msgspec, {"shared/documents/stock.py": "from shared.http import problems"}),
    (rules.domains_do_more_than_decide, {"write_side/carts/domain.py": "import asyncpg"}),
    (rules.domains_do_more_than_decide, {"write_side/carts/domain.py": "from time import time"}),
    (rules.domains_do_more_than_decide, {"write_side/carts/domain.py": "def f(d): return d.datetime.now()"}),
    (rules.domains_do_more_than_decide, {"write_side/carts/domain.py": "async def decide(): ..."}),
    (
        rules.contexts_look_behind_faces,
        {"write_side/orders/handlers.py": "from write_side.inventory.store import take", **_SCHEMA},
    ),
    (
        rules.faces_are_bypassed_by_name,
        {"write_side/orders/handlers.py": "from write_side.inventory import store", **_SCHEMA},
    ),
    (rules.tables_have_two_homes, {"write_side/orders/store.py": 'Q = "SELECT 1 FROM stock_item"', **_SCHEMA}),
    (
        rules.tables_have_two_homes,
        {"write_side/schema/functions/orders.sql": "SELECT 1 FROM x JOIN stock_item USING (sku)", **_SCHEMA},
    ),
    (
        rules.stores_are_not_the_only_sql,
        {"write_side/inventory/handlers.py": 'Q = f"DELETE FROM stock_item WHERE {1}"', **_SCHEMA},
    ),
    (rules.projector_touches_foreign_tables, {"projector/log.py": 'Q = "SELECT * FROM stock_item"', **_SCHEMA}),
    (rules.load_tests_import_ours, {"loadtests/journeys/browse.py": "from shared.money import Money"}),
    (rules.modules_open_clients, {"read_side/app.py": "import redis\nCLIENT = redis.Redis()"}),
    (rules.modules_open_clients, {"read_side/app.py": "class Search:\n    client = AsyncElasticsearch('x')"}),
]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return rules.read_sources(_ROOT, (*rules.SIDES, "shared", "loadtests"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_nobody_breaks_the_rule(rule: Rule, sources: Sources) -> None:
    assert rule(sources) == []


@pytest.mark.parametrize(("rule", "planted"), VIOLATIONS, ids=[rule.__name__ for rule, _ in VIOLATIONS])
def test_the_rule_can_be_broken(rule: Rule, planted: Sources) -> None:
    assert len(rule(planted)) == 1


def test_every_rule_was_seen_to_fail() -> None:
    assert {rule for rule, _ in VIOLATIONS} == set(RULES)


def test_the_rules_see_the_code(sources: Sources) -> None:
    assert sum(path.endswith("/domain.py") for path in sources) >= 5
    assert "write_side/inventory/store.py" in sources
