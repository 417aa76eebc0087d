"""One try at a letter of those who have something of their own to send."""

from collections.abc import Awaitable, Callable

from write_side.notifications.gateway import NotSent, Unclear


async def tried(send: Awaitable[str], put_off: Callable[[], Awaitable[None]], tell: Callable[[], None]) -> str:
    """What became of it: what `send` answers; else `put_off` or, which is told, `failed` (the keyring is down, it can't
    be written), and it is to be tried again. It never raises, so that the others go out all the same."""
    try:
        return await send
    except (NotSent, Unclear):
        outcome = "put_off"
    except Exception:
        tell()
        outcome = "failed"
    await put_off()
    return outcome
