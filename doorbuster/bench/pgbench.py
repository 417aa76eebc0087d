"""pgbench, from the same wheel as the server: what Postgres itself does, without Python or HTTP."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from doorbuster.bench import children
from doorbuster.bench.frame import Invalid, Work
from doorbuster.native.postgres import binaries

SCRIPTS = Path(__file__).parent
_FOUND = {
    "transactions": r"number of transactions actually processed: (\d+)",
    "failed": r"number of failed transactions: (\d+)",
    "rate": r"tps = ([\d.]+) \(without initial connection time\)",
    "latency": r"latency average = ([\d.]+) ms",
}


def run(url: str, script: Path, clients: int, how_long: Sequence[str], options: str = "") -> Work:
    """Run a script over so many connections; `how_long` is pgbench's -T or -t. Raises `Invalid` if anything failed."""
    parts = urlsplit(url)
    environment = {"PGPASSWORD": parts.password or "", "PGOPTIONS": options}
    command = [str(binaries() / "pgbench"), "-n", "-M", "prepared", "-j", "1", "-c", str(clients), *how_long]
    command += ["-f", str(script), "-h", parts.hostname or "", "-p", str(parts.port), "-U", parts.username or ""]
    said, cpu_ms = children.run([*command, parts.path.lstrip("/")], environment)
    found = {name: re.search(pattern, said) for name, pattern in _FOUND.items()}
    figures = {name: float(match[1]) for name, match in found.items() if match}
    if "rate" not in figures or figures.get("failed") or not figures["transactions"]:
        raise Invalid(f"pgbench says: {said}")
    done, rate = int(figures["transactions"]), figures["rate"]
    return Work(done, done / rate, rate, cpu_ms, {"mean_ms": figures["latency"]})
