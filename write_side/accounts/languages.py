"""The language that an account keeps: mails to its person are in it, and quotes that name none."""

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.accounts import LanguageChosen
from write_side import commands
from write_side.accounts import store
from write_side.accounts.domain import SignedIn
from write_side.accounts.staff import UnknownAccount
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions


class Reads(Struct, frozen=True):
    """The language that mails are in from now on; null: the shop's own."""

    locale: str | None


async def choose_language(pool: Pool, who: SignedIn, locale: str, cause: Metadata) -> Answer[Reads]:
    """Keep the language that they read ("": the shop's own). Refuses `unknown_account`."""

    async def decide(conn: Connection) -> tuple[Reads, Positions]:
        kept = await store.lock(conn, who.account_id)
        if kept is None or kept.account.state == "erased":
            raise UnknownAccount("this account is no more")
        if kept.account.locale == locale:
            return Reads(locale or None), {}
        _, chosen = await store.save(conn, kept.account, LanguageChosen(who.account_id, locale))
        return Reads(locale or None), await store.append(conn, [chosen], cause)

    return await commands.run(pool, decide)
