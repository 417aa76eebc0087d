"""How a crowd grows and goes, for Locust."""

from locust import LoadTestShape

from loadtests import crowd, generators


class Profiled(LoadTestShape):
    """The crowd of --crowd, within --rush-seconds and up to --peak shoppers."""

    def tick(self) -> tuple[int, float] | None:
        """(shoppers, how many may come or go a second), None at the end."""
        options = self.runner.environment.parsed_options if self.runner else None
        if options is None:
            return None
        stages = crowd.stages(options.crowd, options.rush_seconds)
        share = crowd.share_of_peak(self.get_run_time() / options.rush_seconds, stages)
        if share is None:
            generators.end(self.runner)
            return None
        return max(1, round(options.peak * share)), max(1.0, options.peak / 5)
