"""How many are in the shop when, as a share of the peak. Pure: Locust is not needed to think about it."""

Stages = tuple[tuple[float, float], ...]  # (share of the time, share of the peak to move to by then)

WITHIN = 120.0  # seconds in which a peak comes up to ten times the calm before it
CALM = 0.1

STEADY: Stages = ((0.1, 1.0), (1.0, 1.0))
DOORBUSTER: Stages = ((0.15, CALM), (0.20, 1.0), (0.60, 1.0), (0.80, 0.4), (1.0, 0.1))  # the doors open
WAITING_ROOM: Stages = ((0.25, 0.6), (0.6, 1.0), (1.0, 1.0))  # most come early


def peak(seconds: float) -> Stages:
    """Calm, ten times as many within two minutes (within a quarter, if all of it is shorter), and so to the end."""
    begins = 0.25
    return ((0.05, CALM), (begins, CALM), (begins + min(0.25, WITHIN / seconds), 1.0), (1.0, 1.0))


def stages(profile: str, seconds: float) -> Stages:
    """The crowd of a profile. An outage, a projector that dies, and a deployment happen to a steady one."""
    return {"peak": peak(seconds), "doorbuster": DOORBUSTER, "waiting-room": WAITING_ROOM}.get(profile, STEADY)


def share_of_peak(at: float, stages: Stages = DOORBUSTER) -> float | None:
    """The share of the peak that is in the shop at this share of the time; None when it is over."""
    begin, level = 0.0, 0.0
    for end, share in stages:
        if at < end:
            return level + (share - level) * (at - begin) / (end - begin)
        begin, level = end, share
    return None
