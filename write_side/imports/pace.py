"""How many rows go into one transaction, so that the feed is not held up: measured, since machines and loads differ."""

HOLD_SECONDS = 0.020  # aimed at, from the first append to the end of COMMIT; 0.050 is the most
EVENTS_OF_A_ROW = 3  # product, price, stock item
FEWEST, MOST = 10, 250
WEIGHT = 0.3  # of the newest measurement


class Pace:
    """Learns what an event costs and answers how many rows make a batch."""

    def __init__(self) -> None:
        self._seconds_an_event = HOLD_SECONDS / EVENTS_OF_A_ROW / 100  # begin with 100 rows

    @property
    def rows(self) -> int:
        """Rows of the next batch."""
        return max(FEWEST, min(MOST, int(HOLD_SECONDS / (self._seconds_an_event * EVENTS_OF_A_ROW))))

    def held(self, seconds: float, events: int) -> None:
        """A transaction held its positions for so long."""
        if events >= FEWEST:  # of fewer, the round trip is what was measured
            self._seconds_an_event += WEIGHT * (seconds / events - self._seconds_an_event)
