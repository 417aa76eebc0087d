"""The probe of worker and projector waits for nobody for long."""

import asyncio

from shared.http import probe


async def test_a_client_that_says_nothing_is_hung_up_on() -> None:
    server = await probe.serve("127.0.0.1", 0, {})
    port = server.sockets[0].getsockname()[1]
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\n")
        async with asyncio.timeout(probe.WHOLE_SECONDS + 5):
            assert await reader.read() == b""
        writer.close()
        for sent in (b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"x" * 100_000 + b"\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            async with asyncio.timeout(probe.WHOLE_SECONDS + 5):
                answer = await reader.read()
            assert answer == b"" or b" 404 " in answer
            writer.close()
