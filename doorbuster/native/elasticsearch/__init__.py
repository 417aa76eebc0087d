"""A real Elasticsearch node without Docker and without an installation: one JVM of some 450 MB."""

import os
from pathlib import Path

from doorbuster.home import Home
from doorbuster.native.elasticsearch.build import VERSION, build, java, program_folder
from doorbuster.processes import Program

_CONFIG = """\
cluster.name: doorbuster
node.name: doorbuster
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
path.data: {data}/data
path.logs: {data}/logs
# A laptop's disk is often fuller than these thresholds like, and a read-only index would look like a bug of ours.
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
# Real memory counts garbage that nobody has collected yet. The collector below waits until the heap is full; the
# breaker would refuse everything from 95 % on, and then nothing is left that could fill it.
indices.breaker.total.use_real_memory: false
"""
_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


# The optimizing compiler takes half the CPU of a start, which a run of tests never earns back.
_SHORT_LIVED = ["-XX:TieredStopAtLevel=1"]


def elasticsearch(home: Home, *, durable: bool = True) -> Program:
    """The program of the node; its address is its URL. ELASTICSEARCH_HEAP overrides the heap."""
    http, transport = home.port("elasticsearch"), home.port("elasticsearch-transport")
    program, data = program_folder(home.cache), home.folder / "elasticsearch"
    address = f"http://127.0.0.1:{http}"

    def prepare() -> None:
        build(home.cache)
        _configure(data, _CONFIG.format(http=http, transport=transport, data=data))

    return Program(
        name="elasticsearch",
        command=_command(program, data, durable=durable),
        address=address,
        probe=f"{address}/_cluster/health?wait_for_status=yellow&timeout=1s",
        version=VERSION,
        stop_timeout=20,
        patience=120,
        prepare=prepare,
    )


def _command(program: Path, data: Path, *, durable: bool) -> list[str]:
    heap = os.environ.get("ELASTICSEARCH_HEAP") or ("512m" if durable else "384m")
    # The class path, not the module path: the wheel's runtime lacks modules that Elasticsearch's own names.
    path = f"{program}/lib/*:{program}/launcher"
    return [
        str(java()),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        *([] if durable else _SHORT_LIVED),
        "-XX:+UseSerialGC",  # the smallest one: on two cores and half a gigabyte G1 gives nothing back
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={data}/tmp",
        f"-Des.nativelibs.path={data}/tmp",
        "-Dlog4j2.disable.jmx=true",
        "-Des.distribution.type=tar",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        path,
        "doorbuster.NodeLauncher",
        str(program),
        str(data / "config"),
    ]


def _configure(data: Path, configuration: str) -> None:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in ("config", "data", "logs", "tmp"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    (data / "config" / "elasticsearch.yml").write_text(configuration)
    (data / "config" / "log4j2.properties").write_text(_LOGGING)
