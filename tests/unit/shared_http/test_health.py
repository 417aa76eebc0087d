"""Why something is down, in a word, whatever wraps it; and how often strangers are asked."""

import asyncio
import socket

import asyncpg
import httpx
import pytest
from elasticsearch import AsyncElasticsearch
from redis.asyncio import Redis

from doorbuster.home import free_port
from shared.http.health import Check, Dependency, now_and_then, readiness, why


async def failure_of(port: int, client: str) -> BaseException:
    try:
        match client:
            case "redis":
                await Redis.from_url(f"redis://127.0.0.1:{port}", socket_timeout=0.2).ping()
            case "postgres":
                await asyncpg.connect(f"postgresql://nobody@127.0.0.1:{port}/x", timeout=0.2)
            case "elasticsearch":
                async with AsyncElasticsearch(f"http://127.0.0.1:{port}", request_timeout=0.2, max_retries=0) as es:
                    await es.cluster.health()
            case "http":
                async with httpx.AsyncClient(timeout=0.2, trust_env=False) as http:
                    await http.get(f"http://127.0.0.1:{port}")
    except Exception as error:
        return error
    raise AssertionError("somebody answered")


@pytest.mark.parametrize("client", ["redis", "postgres", "elasticsearch", "http"])
async def test_a_port_where_nobody_listens_is_refused(client: str) -> None:
    assert why(await failure_of(free_port(), client)) == "refused"


@pytest.mark.parametrize("client", ["redis", "postgres", "elasticsearch", "http"])
async def test_a_server_that_hangs_is_a_timeout(client: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert why(await failure_of(silent.getsockname()[1], client)) == "timeout"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (socket.gaierror(-2, "Name or service not known"), "unknown_host"),
        (OSError(113, "No route to host"), "ehostunreach"),
        (asyncpg.InvalidPasswordError("password of secret failed"), "InvalidPasswordError"),
    ],
)
def test_other_failures_are_told_by_kind_and_never_by_message(error: Exception, word: str) -> None:
    assert why(error) == word


async def test_a_probe_that_hangs_is_down_in_a_second() -> None:
    health = await readiness({"mail": Check(lambda: asyncio.sleep(60), essential=False)})
    assert health.status == "degraded"
    assert health.checks == {"mail": Dependency("down", False, "timeout")}


async def test_strangers_are_asked_now_and_then_and_both_answers_are_kept() -> None:
    asked = 0

    async def moody() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionRefusedError

    patient, eager = now_and_then(moody, every=60), now_and_then(moody, every=0)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await patient()
    assert asked == 1
    await eager()
    assert asked == 2
