"""Several generators: all that each of them counted gets to the first, down to the last request."""

from typing import Any

from locust import events, runners
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, Runner, WorkerRunner

# Seconds of silence after which a generator counts as gone. Locust's three are too few where shop and generators share
# their cores: the whole run ended because all of them had more to do than to say so.
runners.HEARTBEAT_LIVENESS = 30


@events.test_stop.add_listener
def tell_the_rest(environment: Environment, **_: Any) -> None:
    """Of what was done since the last report, while the first still listens."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        data: dict[str, Any] = {}
        environment.events.report_to_master.fire(client_id=runner.client_id, data=data)
        runner.send_message("stats", data)


def end(runner: Runner | None) -> None:
    """Have the others let their shoppers finish and tell the rest, then end. Locust's own end of a headless run waits
    half a second for that, and its shoppers go on buying while the books are closed."""
    if isinstance(runner, MasterRunner):
        others = [client.id for client in runner.clients.all]
        runner.stop()
        for other in others:
            runner.server.send_to_client(Message("quit", None, other))
