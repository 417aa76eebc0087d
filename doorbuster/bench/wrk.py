"""wrk, the load generator for what one machine can answer: requests at random out of many, figures as JSON."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from doorbuster.bench import children, http_client
from doorbuster.bench.frame import Invalid, Work
from doorbuster.bench.http_client import Answer

# Statuses from 400 on and broken connections are counted by wrk; what the answers hold was looked at before, and the
# bytes per answer tell if it changes.
_SCRIPT = """\
local requests = {}
function init()
  math.randomseed(os.time())
  local file = io.open('%s', 'rb')
  for one in (file:read('*a')):gmatch('[^%%z]+') do requests[#requests + 1] = one end
  file:close()
end
local sums, sum = {}, 0
local function ranked()
  if sum == 0 then
    for rank = 1, #requests do sum = sum + 1 / rank; sums[rank] = sum end
  end
  local drawn, low, high = math.random() * sum, 1, #requests
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sums[middle] < drawn then low = middle + 1 else high = middle end
  end
  return requests[low]
end
function request() return %s end
function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\\n{"requests": %%d, "us": %%d, "bytes": %%d, "errors": %%d, ',
    summary.requests, summary.duration, summary.bytes, failed))
  io.write(string.format('"p50": %%f, "p95": %%f, "p99": %%f}\\n',
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""
UNAVAILABLE, TRIES, PAUSE = 503, 5, 2.0  # seconds: whoever found a store too slow leaves it alone for so long
# Elasticsearch's JVM compiles while it answers its first ten thousand searches, which costs as much as the answers: the
# first ten seconds tell half of the rate that lasts.
WARM_SECONDS = 20.0
LEAST_SECONDS = 1  # wrk counts in whole seconds


class Target:
    """Requests to one server, written down for wrk. `ranked`: the n-th is sent an n-th as often as the first."""

    def __init__(self, folder: Path, name: str, url: str, requests: Sequence[bytes], *, ranked: bool = False) -> None:
        self.url, self.requests = url, requests
        self._script = folder / f"{name}.lua"
        file = folder / f"{name}.requests"
        http_client.write_down(file, requests)
        drawn = "ranked()" if ranked else "requests[math.random(#requests)]"
        self._script.write_text(_SCRIPT % (file, drawn))

    def check(self, right: Callable[[Answer], bool]) -> float:
        """Ask each request once; raises `Invalid` unless all answers are 200 and `right`. Mean bytes of an answer.

        A busy machine may need a second try: what an answer holds is looked at here, not how soon it comes."""
        answers = [timed.answer for timed in asyncio.run(http_client.ask_all(self.url, self.requests, 8))]
        for _ in range(TRIES):
            failed = [number for number, answer in enumerate(answers) if answer.status == UNAVAILABLE]
            if not failed:
                break
            time.sleep(PAUSE)
            again = asyncio.run(http_client.ask_all(self.url, [self.requests[number] for number in failed], 1))
            for number, timed in zip(failed, again, strict=True):
                answers[number] = timed.answer
        for raw, answer in zip(self.requests, answers, strict=True):
            if answer.status != 200 or not right(answer):
                asked = raw.split(b"\r\n", 1)[0].decode()
                raise Invalid(f"{asked} was answered {answer.status}: {answer.body[:500]!r}")
        return sum(len(answer.head) + len(answer.body) for answer in answers) / len(answers)

    def run(self, connections: int, seconds: float, value: Callable[[dict[str, Any]], float]) -> Work:
        """One round; raises `Invalid` when any answer failed. `value` picks the figure that is compared."""
        whole = str(max(LEAST_SECONDS, round(seconds)))
        command = [binary(), "-t", "1", "-c", str(connections), "-d", whole, "--timeout", "10", "-s", str(self._script)]
        said, cpu_ms = children.run([*command, self.url])
        found = msgspec.json.decode(said.strip().splitlines()[-1])
        if found["errors"] or not found["requests"]:
            raise Invalid(f"{found['errors']} of {found['requests']} requests to {self.url} failed")
        took = found["us"] / 1e6
        facts = {
            "per_second": found["requests"] / took,
            "bytes_per_answer": found["bytes"] / found["requests"],
            **{f"{name}_ms": found[name] / 1000 for name in ("p50", "p95", "p99")},
        }
        return Work(found["requests"], took, value(facts), cpu_ms, facts)


def rate(facts: dict[str, Any]) -> float:
    """Requests per second."""
    return float(facts["per_second"])


def binary() -> str:
    """The program; as root on a Debian-like machine it is installed if need be. Raises `Invalid`."""
    found = shutil.which("wrk")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for words in ("update", "install -y --no-install-recommends wrk"):
            subprocess.run(["apt-get", "-q", *words.split()], stdout=sys.stderr, check=False)
        found = shutil.which("wrk")
    if found is None:
        raise Invalid("the benchmarks need wrk: install it (Debian and Ubuntu: apt-get install wrk)")
    return found
