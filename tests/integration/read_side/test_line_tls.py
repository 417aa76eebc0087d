"""The connection of many reads over TLS, as `rediss://` asks for it. Valkey's wheel is built without TLS, so a proxy
speaks it in front of a real Valkey; to the query API that is the same."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import ResponseError

from doorbuster.faults.proxy import Proxies, Proxy
from doorbuster.home import free_port
from read_side.app import create_app
from read_side.line import Line
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves, a_page
from tests.integration.read_side.test_line import is_nobodys_if_late


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each loop has a TLS of its own; the query API runs on the first."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the loopback, signed by itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    begun = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = begun.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = dated.add_extension(address, critical=True).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem, bare = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, bare) + made.public_bytes(pem))
    return path


@pytest.fixture
def proxy(valkey: PrivateServer, certificate: Path) -> Iterator[Proxy]:
    """Speaks TLS, and leads to Valkey."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    proxy = Proxy(free_port(), urlsplit(valkey.url).port or 6379, context)
    with Proxies(proxy):
        yield proxy


def address(proxy: Proxy, certificate: Path) -> str:
    """As REDIS_URL has it; what TLS is to know stands behind the question mark."""
    return f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificate}"


@pytest.fixture
async def redis(proxy: Proxy, certificate: Path) -> AsyncIterator["Redis"]:
    """A client over TLS that waits for no answer for long."""
    async with Redis.from_url(address(proxy, certificate), socket_timeout=1.5) as client:
        yield client


async def test_pages_are_answered_over_tls(shelves: Shelves, proxy: Proxy, certificate: Path) -> None:
    page = a_page()
    await shelves.put_product(page)
    async with client_of(create_app(settings_of(address(proxy, certificate), kept_pages=10))) as api:
        for _ in range(3):
            answer = await api.get(f"/v1/products/{page.id}")
            assert (answer.status_code, answer.json()["slug"]) == (200, page.slug), answer.text


async def test_values_of_any_size_come_over_tls_in_order(redis: "Redis") -> None:
    long = {f"long-{n}": bytes([n]) * 300_000 for n in range(5)}  # many records of TLS, and of the socket
    await redis.mset({"a": "1", "b": "2", **long})
    line = Line(redis)
    assert await line.mget(["a", "none", "b"]) == [b"1", None, b"2"]
    for _ in range(3):
        assert await line.mget(["b", *long, "a"]) == [b"2", *long.values(), b"1"]
    with pytest.raises(ResponseError, match="wrong number of arguments"):
        await line.mget([])
    assert await line.mget(["a"]) == [b"1"]


async def test_a_connection_over_tls_that_was_cut_is_made_anew_and_nobody_notices(
    redis: "Redis", proxy: Proxy
) -> None:
    await redis.set("a", "1")
    line = Line(redis)
    for _ in range(3):
        assert await line.mget(["a"]) == [b"1"]
        assert proxy.cut()
    assert await line.mget(["a"]) == [b"1"]


async def test_an_answer_over_tls_that_comes_too_late_is_nobodys(redis: "Redis", valkey: PrivateServer) -> None:
    await is_nobodys_if_late(redis, valkey)


async def test_closing_the_client_closes_what_is_over_tls_without_waiting_for_anybody(redis: "Redis") -> None:
    await Line(redis).mget(["a"])
    async with asyncio.timeout(5):
        await redis.aclose()


async def test_whose_certificate_nobody_trusts_is_not_asked(proxy: Proxy) -> None:
    async with Redis.from_url(f"rediss://127.0.0.1:{proxy.port}/0") as redis:
        with pytest.raises(NoConnection):
            await Line(redis).mget(["a"])
