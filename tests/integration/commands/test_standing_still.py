"""Read models that another release wrote are told of, and nobody waits for what they will never show."""

import asyncio
import os
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from doorbuster import cli, processes, running, state
from doorbuster.demo.opening import everything_up
from doorbuster.demo.steps import Steps
from doorbuster.home import Home
from doorbuster.price_switch import run as price_switch
from doorbuster.running import StartFailed
from doorbuster.standing_still import standing_still, words
from doorbuster.state import ProgramState, State
from projector.read_models.all import READ_MODELS

OURS = {model.name: model.version for model in READ_MODELS}
TOLD = (
    "read models stand still as another release wrote them "
    f"(product_page is v0.3, this release writes {OURS['product_page']}; "
    f"products is v0, this release writes {OURS['products']}): `doorbuster rebuild product_page products`"
)


async def versions(database_url: str, *rows: tuple[str, str, str]) -> None:
    conn = await asyncpg.connect(database_url)
    insert = "INSERT INTO read_model_version (read_model, version, state) VALUES ($1, $2, $3)"
    await conn.executemany(insert, rows)
    await conn.close()


@pytest.fixture
def outdated(database_url: str) -> str:
    """The database of a shop that an older release served."""
    rows = [
        ("products", "v0", "live"), ("products", f"{OURS['products']}.7", "kept"), ("product_page", "v0.3", "live"),
        ("sale", f"{OURS['sale']}.9", "live"), ("order_status", "v0", "kept"), ("gone_since", "v1", "live"),
    ]  # fmt: skip
    asyncio.run(versions(database_url, *rows))
    return database_url


@pytest.fixture
def home(outdated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """As if that shop were up here."""
    postgres = ProgramState("postgres", "server", "postgresql://there", outdated, state="external")
    me = processes.identify(os.getpid())
    assert me is not None
    up = State(me, "all", {"DATABASE_URL": outdated}, [postgres])
    home = Home(tmp_path)
    state.write(home, up)

    def found(_: Home, scope: str, told: Any = lambda _: None) -> State:
        told(up)
        told(up)
        return up

    monkeypatch.setattr(running, "up", found)
    monkeypatch.setenv("DOORBUSTER_HOME", str(home.folder))
    return home


def typed(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_what_is_served_of_another_release_is_named_with_what_puts_it_right(outdated: str) -> None:
    assert words(asyncio.run(standing_still(outdated))) == TOLD


def test_what_is_of_this_release_stands_still_nowhere(database_url: str) -> None:
    assert asyncio.run(standing_still(database_url)) == [], "before a projector ever ran"
    asyncio.run(versions(database_url, *((name, version, "live") for name, version in OURS.items())))
    assert asyncio.run(standing_still(database_url)) == []


def test_demo_load_and_rehearsal_refuse_such_a_shop_at_once(home: Home) -> None:
    with pytest.raises(StartFailed) as refused:
        asyncio.run(everything_up(Steps(), home))
    assert str(refused.value) == f"{TOLD} comes first"
    with pytest.raises(StartFailed, match="comes first"):
        asyncio.run(price_switch.run({"DATABASE_URL": home_url(home)}, price_switch.Wanted(0, 1, False)))


def home_url(home: Home) -> str:
    written = state.read(home)
    assert written is not None
    return written.environment["DATABASE_URL"]


@pytest.mark.parametrize("word", ["demo", "load", "black-friday"])
def test_their_words_end_with_it(home: Home, capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert typed(word) > 0
    assert f"{TOLD} comes first\n" in capsys.readouterr().err


def test_up_and_status_warn_once_and_are_what_they_were(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    warning = f"{TOLD} serves them anew\n"
    assert typed("up", "--detach") == 0
    assert capsys.readouterr().err == warning
    assert typed("status") == 0
    assert capsys.readouterr().err == warning
    assert typed("status", "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == warning
    assert msgspec.json.decode(shown.out)["supervised"] is True


def test_a_postgres_that_is_away_says_nothing_of_it(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    up = state.read(home)
    assert up is not None
    up.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/nowhere"
    state.write(home, up)
    assert typed("status") == 0
    assert capsys.readouterr().err == ""
