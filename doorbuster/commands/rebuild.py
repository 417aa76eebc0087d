"""`doorbuster rebuild`: read models built anew from the log while customers shop; the way back; what is left over."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from doorbuster import environment

if TYPE_CHECKING:
    from doorbuster.rebuilding import Workshop

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    rebuild = words.add_parser("rebuild", help="build read models anew beside those that are served, then swap")
    rebuild.add_argument("read_model", nargs="*", help="product_page, several, or all; without: which there are")
    way = rebuild.add_mutually_exclusive_group()
    way.add_argument("--rollback", action="store_true", help="serve again what was served before the last swap")
    way.add_argument("--clean-up", action="store_true", help="delete what is kept for that, and half-built versions")
    rebuild.set_defaults(run=_rebuild)


def _rebuild(given: argparse.Namespace) -> int:
    import msgspec
    import uvloop

    from doorbuster.rebuilding import Refused
    from projector.rebuild import BuildFailed
    from projector.versions import AlreadyComing
    from shared.settings import Settings

    if environment.database_url() is None:
        return 2
    os.nice(10)  # customers come first: what is built has time
    names = [field.encode_name for field in msgspec.structs.fields(Settings)]
    settings = {name: value for name in names if (value := environment.setting(name))}
    try:
        return uvloop.run(_run(given, settings))
    except (Refused, AlreadyComing, msgspec.ValidationError) as error:
        print(error, file=sys.stderr)
        return 2
    except BuildFailed as error:
        print(f"not rebuilt, what was served still is: {error}", file=sys.stderr)
        return 1


async def _run(given: argparse.Namespace, settings: dict[str, str]) -> int:
    from doorbuster import rebuilding
    from doorbuster.progress import Progress
    from shared.collector import freeze_start_up_objects

    freeze_start_up_objects()
    models, progress = rebuilding.models_named(given.read_model), Progress()
    async with rebuilding.workshop(settings, progress.say) as shop:
        if not models:
            return await _list(shop)
        if given.clean_up:
            print(f"{len(await rebuilding.clean_up(shop, models))} versions are gone")
            return 0
        if given.rollback:
            served = await rebuilding.roll_back(shop, models)
        else:
            served = await rebuilding.rebuild(shop, models, progress)
        for model in served:
            print(f"{model.name} {model.version} is served")
    return 0


async def _list(shop: "Workshop") -> int:
    for each in await shop.versions.look():
        print(f"{each.read_model:<16} {each.version:<8} {each.state:<9} since {each.since:%Y-%m-%d %H:%M:%S} UTC")
    return 0
