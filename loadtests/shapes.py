"""How a crowd grows and goes, for Locust."""

from locust import LoadTestShape

from loadtests.crowd import share_of_peak


class DoorsOpen(LoadTestShape):
    """Calm, rush, plateau, ebb, within --rush-seconds and up to --peak shoppers."""

    def tick(self) -> tuple[int, float] | None:
        """(shoppers, how many may come or go a second), None at the end."""
        options = self.runner.environment.parsed_options if self.runner else None
        if options is None:
            return None
        share = share_of_peak(self.get_run_time() / options.rush_seconds)
        return None if share is None else (max(1, round(options.peak * share)), max(1.0, options.peak / 5))
