"""The scenarios, a file per family, in the order of their numbers."""

from doorbuster.faults.scenario import Scenario
from doorbuster.faults.scenarios import checkout, elasticsearch, log, payments, poison, projector, rebuild, redis, relay

ALL: tuple[Scenario, ...] = tuple(
    sorted(
        (
            *log.SCENARIOS,
            *relay.SCENARIOS,
            *redis.SCENARIOS,
            *projector.SCENARIOS,
            *elasticsearch.SCENARIOS,
            *poison.SCENARIOS,
            *rebuild.SCENARIOS,
            *checkout.SCENARIOS,
            *payments.SCENARIOS,
        ),
        key=lambda scenario: scenario.number,
    )
)
