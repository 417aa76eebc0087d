"""Searches with four facets, against Elasticsearch asked the very same itself, by the same client.

What our query API asks is written down once, by a proxy between the two; nothing is imitated.
"""

import asyncio
import http.client
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote, urlencode

from doorbuster.bench import frame, ground, http_client, wrk
from doorbuster.bench.frame import Invalid, Result, Round, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import Answer, request
from doorbuster.bench.options import Options

FACETS = ("brand", "category", "product colour", "weight (g)")  # the two attributes are the catalog's most frequent
SEARCHES = 300
HITS = 24
TARGET = 448.0  # searches/s on two quiet cores, at 10,000 products and 16 connections: twice the best of the field
LEAST = 30  # of them with a pair
TRIES = 5
PAUSE = 1.0  # second between them: whoever found Elasticsearch too slow leaves it alone for two
_choice = random.Random(5)


def run(ground_: Ground, options: Options) -> list[Result]:
    """Random words of the catalog's names: a line of p95 latencies, and one of what the same rounds answered a second.

    The CPU of all programs for one search, `load` included, decides how many two cores can answer.
    """
    ground_.use(ground.CATALOG)
    ground_.filled()
    ground_.merged()
    names = [row["name"] for row in ground_.fetch("SELECT name FROM product ORDER BY id")]
    paths = [search(_choice.choice(names)) for _ in range(min(SEARCHES, options.searches))]
    told = recorded(ground_, paths)  # whatever is asked twice, since no product says all its words, has no pair
    if len(told) < LEAST:
        raise Invalid(f"only {len(told)} of {len(paths)} queries are one request to Elasticsearch")
    ground_.only("read-api")
    folder = ground.own_folder(ground_, "search_facets")
    url, elasticsearch = ground_.environment["READ_API_URL"], ground_.environment["ELASTICSEARCH_URL"]
    ours = wrk.Target(folder, "ours", url, [request("GET", url + path) for path in told])
    bare = wrk.Target(folder, "bare", elasticsearch, list(told.values()))
    ours.check(has_facets)
    bare.check(is_counted)
    sides: dict[str, Side] = {
        "ours": lambda: ours.run(options.searchers, options.seconds, lambda facts: facts["p95_ms"]),
        "limit": lambda: bare.run(options.searchers, options.seconds, lambda facts: facts["p95_ms"]),
    }
    ground_.warm(ours, options)
    done = frame.in_turns(options.turns(), sides, ground_.roots, ground_.until_quiet)
    asked = {"connections": options.searchers, "hits": HITS, "facets": FACETS}
    setting = {**asked, "searches": len(told), "products": len(names)}
    return [
        frame.result("search_facets", done, unit="ms, p95", better="lower", setting=setting),
        frame.result("search_rate", _rates(done["ours"]), unit="searches/s", setting={**setting, "target": TARGET}),
    ]


def _rates(rounds: Sequence[Round]) -> dict[str, list[Round]]:
    """The same rounds by how many searches they answered, beside the target."""
    ours = frame.by_fact(rounds, "per_second")
    return {"ours": ours, "limit": [frame.target(round_, TARGET) for round_ in ours]}


def _words(name: str) -> str:
    words = name.split()
    return " ".join(_choice.sample(words, min(len(words), _choice.choice((1, 2)))))


def search(name: str) -> str:
    """The path of a search for one or two words of a product's name, with four facets."""
    asked = {"q": _words(name), "limit": HITS, "facets": ",".join(FACETS)}
    return "/v1/search?" + urlencode(asked, quote_via=quote)


def has_facets(answer: Answer) -> bool:
    """Whether all four stand in our answer."""
    return all(f'"parameter":"{name}"'.encode() in answer.body for name in _parameters())


def _parameters() -> list[str]:
    return [*FACETS[:2], *(f"filter.{name}" for name in FACETS[2:])]


def is_counted(answer: Answer) -> bool:
    """Whether Elasticsearch answered in time, and with facets."""
    return b'"timed_out":false' in answer.body and b'"aggregations"' in answer.body


def recorded(ground_: Ground, paths: list[str]) -> dict[str, bytes]:
    """The request to Elasticsearch that each of these queries is, of those that are exactly one."""
    elasticsearch = ground_.environment["ELASTICSEARCH_URL"]
    with _proxy(elasticsearch) as (proxy_url, seen):
        ground_.only()
        ground_.environment["ELASTICSEARCH_URL"] = proxy_url
        try:
            ground_.only("read-api")
        finally:
            ground_.environment["ELASTICSEARCH_URL"] = elasticsearch
        url = ground_.environment["READ_API_URL"]
        told = asyncio.run(_one_by_one(url, paths, seen))
        ground_.only()
    return told


async def _one_by_one(url: str, paths: list[str], seen: list[bytes]) -> dict[str, bytes]:
    """What was seen behind each query; a busy machine may need a second try."""
    told: dict[str, bytes] = {}
    connection = await http_client.connect(url)
    for path in paths:
        for _ in range(TRIES):
            seen.clear()
            answer = await connection.ask(request("GET", url + path))
            if answer.status == 200:
                break
            await asyncio.sleep(PAUSE)
        if answer.status != 200 or not seen:
            raise Invalid(f"{answer.status} by {len(seen)} requests to Elasticsearch: {answer.body[:500]!r}")
        if len(seen) == 1:
            told[path] = seen[0]
    connection.close()
    return told


@contextmanager
def _proxy(elasticsearch: str) -> Iterator[tuple[str, list[bytes]]]:
    """A server that hands everything on to Elasticsearch and keeps the searches, as requests to send again."""
    seen: list[bytes] = []
    host = elasticsearch.removeprefix("http://")

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "content-type")}
            if "/_search" in self.path:
                seen.append(request(self.command, elasticsearch + self.path, kept, body))
            upstream = http.client.HTTPConnection(host)
            upstream.request(self.command, self.path, body, kept)
            answer = upstream.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name in ("Content-Type", "X-Elastic-Product"):
                self.send_header(name, answer.getheader(name, ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            upstream.close()

        do_GET = do_POST = handle_one

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with _Silent(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()


class _Silent(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever gave up waiting asks again."""
