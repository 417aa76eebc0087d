"""What a run may be told."""

from msgspec import Struct

from doorbuster.bench.frame import Rounds
from doorbuster.bench.wrk import WARM_SECONDS


class Options(Struct, frozen=True):
    """The sizes of a run. The defaults take some fifteen minutes on two cores."""

    seconds: float = 3.0  # of one round of one side
    rounds: int = 5
    products: int = 2000
    connections: int = 64  # that ask for pages
    searchers: int = 4  # connections that search
    searches: int = 3000  # different ones that kept_searches asks; search_facets and suggestions: 300 at most
    warm: float = WARM_SECONDS  # of searches before they are measured
    buyers: tuple[int, ...] = (16, 32)  # connections that place orders
    most_orders: int = 2000  # of one round: each needs a cart and a quote, made beforehand
    waiting: tuple[int, ...] = (16, 128, 500, 2000)  # buyers of the hot SKU
    writers: tuple[int, ...] = (1, 2)  # write processes that they are shared out among
    import_rows: int = 5000
    rebuilt: int = 20_000  # products whose read models are rebuilt
    cold: bool = False  # no round goes first, none waits for calm: it works, and its figures are worth nothing
    arrivals: tuple[int, ...] = ()  # orders/s of event_lag; none: 500, or half of what was reached if that is more

    def turns(self, most: int | None = None) -> Rounds:
        """The rounds of each side, `most` at the most."""
        return Rounds(self.rounds if most is None else min(self.rounds, most), self.cold)
