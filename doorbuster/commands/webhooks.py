"""`doorbuster webhooks`: endpoints that are told what happens, and how telling them goes."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from doorbuster import environment
from doorbuster.arguments import count

if TYPE_CHECKING:  # loaded when the word is used: the other words need not wait for it
    from shared.envelope import Metadata
    from shared.settings import Settings
    from write_side.database import Pool
    from write_side.webhooks.showing import DeliveryShown, EndpointShown

    Ask = Callable[[Pool, Settings, argparse.Namespace], Awaitable[None]]

Words = argparse._SubParsersAction  # argparse has no public name for it
WEEK = 7 * 86_400
MOST = 100  # deliveries at once


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    webhooks = words.add_parser("webhooks", help="endpoints that are told what happens, and their deliveries")
    actions = webhooks.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="which, and how telling them goes").set_defaults(run=_run(_list))
    new = actions.add_parser("register", help="have an address told from now on; its secret is shown once")
    new.add_argument("url")
    new.add_argument("types", nargs="*", help="such as orders.* inventory.stock_deducted.v1; none: all")
    new.add_argument("--description", default="")
    new.add_argument("--personal", action="store_true", help="personal data in the clear")
    new.set_defaults(run=_run(_register))
    _to_one(actions, "disable", "send nothing there for now; what happens meanwhile is kept", _disable)
    enable = _to_one(actions, "enable", "go on where it stopped", _enable)
    enable.add_argument("--skip", action="store_true", help="or behind all that happened meanwhile")
    rotate = _to_one(actions, "rotate", "make a new secret, which is shown once", _rotate)
    rotate.add_argument("--overlap", type=_seconds, default=86_400, help="seconds the old one signs as well (a day)")
    log = _to_one(actions, "deliveries", "what was sent and how each try went, the newest first", _deliveries)
    log.add_argument("--state", choices=("due", "delivered", "given_up"))
    log.add_argument("--before", type=count, help="number of a delivery: those behind it")
    log.add_argument("--limit", type=_page, default=20, help=f"up to {MOST} (20)")
    again = _to_one(actions, "redeliver", "send one event, or a range of up to 1,000, (once more)", _redeliver)
    again.add_argument("--event", type=UUID, help="its id")
    again.add_argument("--after", help="a cursor of the feed")
    again.add_argument("--until", help="a cursor of the feed")


def _to_one(
    actions: "Words[argparse.ArgumentParser]", name: str, told: str, ask: "Ask"
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=told)
    action.add_argument("endpoint", type=UUID, help="its id, as `list` tells it")
    action.set_defaults(run=_run(ask))
    return action


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= WEEK):
        raise argparse.ArgumentTypeError(f"from 0 to {WEEK:,}")
    return int(text)


def _page(text: str) -> int:
    if (number := count(text)) > MOST:
        raise argparse.ArgumentTypeError(f"{MOST} at most")
    return number


def _run(ask: "Ask") -> Callable[[argparse.Namespace], int]:
    """With the settings that our processes have. 1: refused, as the API would; 2: nothing runs."""

    def run(given: argparse.Namespace) -> int:
        import msgspec

        from write_side.errors import Refusal

        if environment.database_url() is None:
            return 2
        try:
            asyncio.run(_asked(environment.settings(), ask, given))
        except Refusal as refused:
            print(f"{refused.code}: {refused.detail}", file=sys.stderr)
            return 1
        except msgspec.ValidationError as error:
            print(error, file=sys.stderr)
            return 2
        return 0

    return run


async def _asked(settings: "Settings", ask: "Ask", given: argparse.Namespace) -> None:
    from write_side.database import open_pool

    async with open_pool(settings.database_url, 1, "webhooks") as pool:
        await ask(pool, settings, given)


def _cause() -> "Metadata":
    from shared.envelope import Metadata
    from shared.ids import uuid7

    return Metadata(actor=environment.actor(), correlation_id=str(uuid7()))


async def _list(pool: "Pool", _settings: "Settings", _given: argparse.Namespace) -> None:
    from write_side.webhooks import showing

    for one in (await showing.endpoints(pool)).items:
        _print_endpoint(one)


def _print_endpoint(one: "EndpointShown") -> None:
    state = one.endpoint.state + (f" ({one.endpoint.disabled_for})" if one.endpoint.disabled_for else "")
    print(f"{one.endpoint.id}  {state}  {one.endpoint.url}  {' '.join(one.endpoint.types) or 'all types'}")
    failing = f", failing since {one.failing_since:%Y-%m-%d %H:%M:%S} UTC" if one.failing_since else ""
    print(f"    {one.sequence} deliveries, {one.due} due, {one.given_up} given up{failing}")


async def _register(pool: "Pool", settings: "Settings", given: argparse.Namespace) -> None:
    import msgspec

    from write_side.webhooks import handlers
    from write_side.webhooks.domain import EndpointInput
    from write_side.webhooks.handlers import EndpointWithSecret

    said = {"url": given.url, "types": given.types, "description": given.description, "personal": given.personal}
    wanted = msgspec.convert(said, EndpointInput)  # raises what the API would answer 400 to
    handlers.check(wanted, settings)
    answer = await handlers.create_endpoint(pool, settings, wanted, _cause())
    made = msgspec.json.decode(answer.body, type=EndpointWithSecret)
    print(f"{made.endpoint.id}\n{made.secret}")


async def _disable(pool: "Pool", _settings: "Settings", given: argparse.Namespace) -> None:
    from write_side.webhooks import handlers

    await handlers.disable_endpoint(pool, given.endpoint, _cause())
    print(f"nothing is sent to {given.endpoint}; what happens is kept for it")


async def _enable(pool: "Pool", _settings: "Settings", given: argparse.Namespace) -> None:
    from write_side.webhooks import handlers

    await handlers.enable_endpoint(pool, given.endpoint, given.skip, _cause())
    print(f"{given.endpoint} goes on {'with what happens from now on' if given.skip else 'where it stopped'}")


async def _rotate(pool: "Pool", settings: "Settings", given: argparse.Namespace) -> None:
    import msgspec

    from write_side.webhooks import handlers
    from write_side.webhooks.handlers import EndpointWithSecret

    overlap = timedelta(seconds=given.overlap)
    answer = await handlers.rotate_secret(pool, settings, given.endpoint, overlap, _cause())
    print(msgspec.json.decode(answer.body, type=EndpointWithSecret).secret)


async def _deliveries(pool: "Pool", _settings: "Settings", given: argparse.Namespace) -> None:
    from write_side.webhooks import showing

    found = await showing.log_of(pool, given.endpoint, given.state, given.before, given.limit)
    for one in found.items:
        _print_delivery(one)
    if found.next is not None:
        print(f"more with --before {found.next}")


def _print_delivery(one: "DeliveryShown") -> None:
    print(f"{one.sequence}  {one.state}  {one.type}  {one.event_id}  queued {one.queued_at:%Y-%m-%d %H:%M:%S} UTC")
    for each in one.tries:
        print(f"    {each.at:%Y-%m-%d %H:%M:%S} UTC  {each.status or each.error}  {each.duration_ms} ms")


async def _redeliver(pool: "Pool", settings: "Settings", given: argparse.Namespace) -> None:
    import msgspec

    from write_side.webhooks import showing
    from write_side.webhooks.showing import Again, SentAgain

    wanted = Again(given.event, given.after, given.until)
    answer = await showing.send_again(pool, settings, given.endpoint, wanted)
    print(f"{msgspec.json.decode(answer.body, type=SentAgain).events} events are sent")
