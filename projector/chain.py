"""The chain: each event names the position before it in its shard, so a hole can't go unnoticed."""

from collections.abc import Sequence

from shared.envelope import Recorded


def contiguous(events: Sequence[Recorded], at: int) -> tuple[list[Recorded], Sequence[Recorded]]:
    """What follows on `at` without a hole, and the rest from the first hole on; repeats are dropped.

    `at` says: everything of this shard up to there was had. It need not be the position of an event of this shard.
    """
    run: list[Recorded] = []
    for index, event in enumerate(events):
        if event.position <= at:
            continue
        if event.previous > at:
            return run, events[index:]
        run.append(event)
        at = event.position
    return run, ()
