"""Commands of search rules: load, decide, save."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from shared.documents.search_rules import RuleInput
from shared.envelope import Metadata
from shared.events.merchandising import MerchandisingEvent
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.merchandising import domain, store
from write_side.merchandising.domain import SearchRule, UnknownRule


class SearchRuleList(Struct, frozen=True):
    """Rules in force, the newest first; `next`: where the next page begins, null on the last one."""

    rules: list[SearchRule]
    next: UUID | None


async def add_rule(pool: Pool, given: RuleInput, cause: Metadata, call: Call | None) -> Answer[SearchRule]:
    """A new rule; refuses `too_many_search_rules`, `broken_search_rule`."""
    rule_id = uuid7()

    async def decide(conn: Connection) -> tuple[SearchRule, Positions]:
        event = domain.add(rule_id, given, await store.lock_all(conn))
        return await store.save(conn, None, event, cause)

    return await commands.run(pool, decide, call)


async def replace_rule(
    pool: Pool, rule_id: UUID, given: RuleInput, expected: int | None, cause: Metadata
) -> Answer[SearchRule]:
    """Another rule in its place; refuses `unknown_search_rule`, `version_conflict`, `broken_search_rule`."""

    def decide(rule: SearchRule) -> MerchandisingEvent | None:
        check_version(rule.version, expected)
        return domain.replace(rule, given)

    return await _changed(pool, rule_id, decide, cause)


async def remove_rule(pool: Pool, rule_id: UUID, cause: Metadata) -> Answer[SearchRule]:
    """Searches go without it from now on; refuses `unknown_search_rule`, a repeat among them."""
    return await _changed(pool, rule_id, domain.remove, cause)


async def _changed(
    pool: Pool, rule_id: UUID, decide: Callable[[SearchRule], MerchandisingEvent | None], cause: Metadata
) -> Answer[SearchRule]:
    async def locked(conn: Connection) -> SearchRule:
        return _in_force(rule_id, await store.lock(conn, rule_id))

    return await commands.change(pool, locked, decide, store.save, cause)


async def show_rule(pool: Pool, rule_id: UUID) -> SearchRule:
    """A rule in force; refuses `unknown_search_rule`."""
    async with pool.acquire() as conn:
        return _in_force(rule_id, await store.find(conn, rule_id))


def _in_force(rule_id: UUID, found: SearchRule | None) -> SearchRule:
    if found is None or found.state == "removed":
        raise UnknownRule(f"there is no rule {rule_id}")
    return found


async def list_rules(pool: Pool, after: UUID | None, limit: int) -> SearchRuleList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    shown, last = first_of(found, limit)
    return SearchRuleList(shown, last.id if last else None)
