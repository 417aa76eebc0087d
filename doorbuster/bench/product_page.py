"""Product pages from our query API, against a bare handler that sends as many bytes."""

from doorbuster.bench import frame, ground, wrk
from doorbuster.bench.frame import Result, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options

FEW = 1_000  # requests to the bare handler, to which all are alike
BARE_HEAD = 130  # bytes of the bare handler's own head, near enough: what is told is what was received


def run(ground_: Ground, options: Options) -> list[Result]:
    """Random products out of all, full answers over kept connections."""
    ground_.use(ground.CATALOG)
    ids = [row["id"] for row in ground_.fetch("SELECT id FROM product ORDER BY id")]
    ground_.filled()
    ground_.only("read-api")
    url = ground_.environment["READ_API_URL"]
    asked = [request("GET", f"{url}/v1/products/{id_}") for id_ in ids]
    return [against_bare(ground_, options, "product_page", url, asked, {"products": len(ids)})]


def against_bare(
    ground_: Ground, options: Options, bench: str, url: str, asked: list[bytes], setting: dict[str, object]
) -> Result:
    """Requests to our API, and as many bytes from the bare handler on the same server."""
    ours, bare = beside_bare(ground_, bench, url, asked)
    sides: dict[str, Side] = {
        "ours": lambda: ours.run(options.connections, options.seconds, wrk.rate),
        "limit": lambda: bare.run(options.connections, options.seconds, wrk.rate),
    }
    done = frame.in_turns(options.turns(), sides, ground_.roots, ground_.until_quiet)
    ground_.stop("bare")
    setting = {"connections": options.connections, "seconds": options.seconds, **setting}
    return frame.result(bench, done, unit="answers/s", setting=setting)


def beside_bare(ground_: Ground, bench: str, url: str, asked: list[bytes]) -> tuple[wrk.Target, wrk.Target]:
    """What asks our API, looked at once, and what asks the bare handler, which runs from now on."""
    folder = ground.own_folder(ground_, bench)
    ours = wrk.Target(folder, "ours", url, asked)
    size = ours.check(lambda answer: answer.body.startswith(b"{"))
    bare_url = ground_.serve_bare(round(size) - BARE_HEAD)
    bare = wrk.Target(folder, "bare", bare_url, [raw.replace(_host(url), _host(bare_url)) for raw in asked[:FEW]])
    bare.check(lambda answer: answer.body.startswith(b'"'))
    return ours, bare


def _host(url: str) -> bytes:
    return url.removeprefix("http://").encode()
