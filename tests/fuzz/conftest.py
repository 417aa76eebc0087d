"""A whole shop of its own, with one lamp to sell, for Schemathesis to ask whatever the OpenAPI documents allow."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from doorbuster import running, tokens
from doorbuster.home import Home
from write_side.access import SCOPES

HERE = Path(__file__).parent
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))  # per operation; `make fuzz` asks for more
SEED = os.environ.get("FUZZ_SEED", "1")

LAMP = (
    ("POST", "/v1/products", {"name": "Desk lamp", "brand": "Lumen", "variants": [{"sku": "lamp"}]}),
    ("PUT", "/v1/prices/lamp/EUR", {"amount_minor": 1999}),
    ("POST", "/v1/warehouses", {"code": "BER", "name": "Berlin", "country": "DE"}),
    ("POST", "/v1/stock-items", {"sku": "lamp", "warehouse": "BER", "on_hand": 1_000_000_000}),
)


class Fuzzed:
    """Both APIs, all their stores, and what a run of Schemathesis needs."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment, self._folder = environment, folder
        self.database_url = environment["DATABASE_URL"]
        self.write, self.read = environment["WRITE_API_URL"], environment["READ_API_URL"]
        self.token = asyncio.run(tokens.issue(self.database_url, "fuzz", list(SCOPES)))
        self._fill()

    def _fill(self) -> None:
        with httpx.Client(base_url=self.write, headers={"Authorization": f"Bearer {self.token}"}) as api:
            for method, path, body in LAMP:
                answer = api.request(method, path, json=body, headers={"Idempotency-Key": path})
                answer.raise_for_status()
        self._await_lamp()

    def _await_lamp(self) -> None:
        """Until a search finds it. A JVM that has never searched takes longer for its first one than the API waits."""
        deadline = time.monotonic() + 60
        while not self._found("/v1/search?q=lamp"):
            assert time.monotonic() < deadline, "the lamp can't be found"
            time.sleep(0.1)

    def _found(self, path: str) -> bool:
        answer = httpx.get(self.read + path, timeout=20)
        return answer.is_success and bool(answer.json()["items"])

    def ask(self, api: str, *arguments: str, examples: int = EXAMPLES, **variables: str) -> None:
        """Run Schemathesis against an API; whatever it finds fails the test, with its report."""
        environment = {**os.environ, "TOKEN": self.token, **variables}
        environment |= {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(HERE.parents[1])}
        config = ["--config-file", str(HERE / "schemathesis.toml")]
        options = ["--seed", SEED, "--max-examples", str(examples), "--generation-database", "none", "--no-color"]
        command = [sys.executable, "-W", "error", "-m", "schemathesis.cli", *config, "run"]
        done = subprocess.run(
            [*command, f"{api}/schema/openapi.json", *options, *arguments],
            env=environment, cwd=self._folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def log(self, query: str, *arguments: Any) -> Any:
        """One value out of Postgres."""

        async def run() -> Any:
            conn = await asyncpg.connect(self.database_url)
            try:
                return await conn.fetchval(query, *arguments)
            finally:
                await conn.close()

        return asyncio.run(run())


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """The shop; stopped afterwards."""
    home = Home(tmp_path_factory.mktemp("fuzz"))
    try:
        yield Fuzzed(running.up(home, "all").environment, tmp_path_factory.mktemp("schemathesis"))
    finally:
        running.down(home)
