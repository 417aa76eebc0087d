"""How many are in the shop when, as a share of the peak. Pure: Locust is not needed to think about it."""

# (share of the time, share of the peak to move to by then): a tenth waits, then the doors open.
BLACK_FRIDAY = ((0.15, 0.1), (0.20, 1.0), (0.60, 1.0), (0.80, 0.4), (1.0, 0.1))


def share_of_peak(at: float, stages: tuple[tuple[float, float], ...] = BLACK_FRIDAY) -> float | None:
    """The share of the peak that is in the shop at this share of the time; None when it is over."""
    begin, level = 0.0, 0.0
    for end, share in stages:
        if at < end:
            return level + (share - level) * (at - begin) / (end - begin)
        begin, level = end, share
    return None
