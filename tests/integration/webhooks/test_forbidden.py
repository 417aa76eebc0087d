"""No webhook reaches a private network: not by number, by name, by a name that changes its mind, or by a redirect."""

import socket
from typing import Any

import pytest

from tests.integration.webhooks.conftest import Hooks
from tests.integration.webhooks.receiver import Receiver, receiving
from write_side.webhooks.addresses import Reach
from write_side.webhooks.gateway import Answer, open_gateway


async def tried(url: str, networks: str = "") -> Answer:
    async with open_gateway(Reach.of(networks)) as gateway:
        return await gateway.post(url, {}, b"{}")


# What names and numbers a resolver takes for the loopback or for the cloud's own.
SPELLINGS = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::]",
             "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254"]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", SPELLINGS)
async def test_this_machine_is_not_asked_however_it_is_spelled(
    host: str, scheme: str, receiver: Receiver
) -> None:
    port = receiver.url.rpartition(":")[2]
    answer = await tried(f"{scheme}://{host}:{port}/")
    assert answer.status is None
    assert answer.error in ("forbidden_address", "InvalidUrlClientError")  # aiohttp takes no odd numbers for a host
    assert (receiver.came, receiver.refused) == ([], [])


async def test_the_internet_is_not_asked_in_the_clear() -> None:
    assert (await tried("http://1.1.1.1/", "127.0.0.0/8")).error == "forbidden_address"


class Rebinding:
    """A resolver whose answer is another one each time: a public address first, this machine from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: str, port: int, *_: Any) -> list[Any]:
        self.asked += 1
        address = "1.1.1.1" if self.asked == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


async def test_a_name_that_is_bound_anew_after_it_was_looked_at_leads_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.url.rpartition(":")[2])
    resolver = Rebinding(monkeypatch)
    looked_at = socket.getaddrinfo("rebinding.example", port)
    assert Reach.of("").allows(str(looked_at[0][4][0]), secure=True), "whoever checks the name first is content"
    answer = await tried(f"https://rebinding.example:{port}/")
    assert resolver.asked == 2
    assert answer.error == "forbidden_address"
    assert (receiver.came, receiver.refused) == ([], [])


async def test_one_private_address_among_others_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.url.rpartition(":")[2])

    def answer(*_: Any) -> list[Any]:
        places = [("127.0.0.1", port), ("10.0.0.1", port), ("169.254.169.254", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    told = await tried(f"https://several.example:{port}/")
    assert told.error == "forbidden_address"
    assert (receiver.came, receiver.refused) == ([], [])


async def test_the_setting_opens_what_it_names_and_a_redirect_out_of_it_is_not_followed(hooks: Hooks) -> None:
    async with receiving() as inside, receiving("127.0.0.2") as other:
        endpoint_id = await hooks.receiving(inside)
        await hooks.happen()
        inside.answers = [302]
        await hooks.work()
        await hooks.work(later=True)
        assert await hooks.tries(endpoint_id) == [(302, None), (204, None)]
        assert inside.elsewhere == 0
        told = await tried(f"{other.url}/", "127.0.0.1/32")
        assert told.error == "forbidden_address"
        assert (other.came, other.refused) == ([], [])


async def test_a_server_that_is_not_who_it_says_gets_nothing(receiver: Receiver) -> None:
    """Plain HTTP where TLS is meant: the handshake fails, and nothing was sent."""
    answer = await tried(receiver.url.replace("http://", "https://"), "127.0.0.0/8")
    assert (answer.status, answer.error) == (None, "tls")
    assert (receiver.came, receiver.refused) == ([], [])
