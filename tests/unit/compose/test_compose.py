"""compose.yaml: it fits the official schema, asks for what exists, and hardens what it starts."""

import importlib.util
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import msgspec
import pytest

from doorbuster import stack
from doorbuster.home import Home
from doorbuster.simulators.stripe.settings import read as stripe_settings
from shared.http import tracing
from shared.settings import Settings
from tests.unit.compose.files import OURS, ROOT, Json, composition, needed_variables, resolved, services, variables

# What an image of somebody else's reads; the simulators' names are tried out on them below.
_KNOWN = {
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"},
    "keyring": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"},
    "elasticsearch": {
        "discovery.type", "cluster.name", "xpack.security.enabled", "xpack.ml.enabled", "action.auto_create_index",
        "cluster.routing.allocation.disk.threshold_enabled", "ES_JAVA_OPTS",
    },
    "stripe": {"HOST", "PORT", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_URL", "STRIPE_DATA",
               "STRIPE_CONTROL_OPEN"},
}  # fmt: skip
_SETTINGS = {field.encode_name: field.required for field in msgspec.structs.fields(Settings)}


def _resolved(environment: Json, given: dict[str, str]) -> dict[str, str]:
    return {name: resolved(str(value), given) for name, value in environment.items()}


def _complaints(file: Path) -> str:
    """What the official schema of compose files says, as check-jsonschema ships it; empty if it is content."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


def test_it_fits_the_official_schema() -> None:
    assert _complaints(ROOT / "compose.yaml") == ""


@pytest.mark.parametrize(
    ("said", "instead"),
    [("restart: unless", "restarts: unless"), ("service_healthy", "healthy"), ("cap_drop: [ALL]", "cap_drop: ALL")],
)
def test_the_schema_refuses_what_compose_would(said: str, instead: str, tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    text = (ROOT / "compose.yaml").read_text()
    assert said in text
    broken.write_text(text.replace(said, instead))
    assert _complaints(broken) != ""


@pytest.mark.parametrize("name", [*OURS, "migrate"])
def test_our_processes_are_given_settings_and_nothing_else(name: str) -> None:
    given = set(services()[name]["environment"])
    assert given - set(_SETTINGS) == tracing.VARIABLES  # OpenTelemetry's own are no settings of ours
    assert {field for field, required in _SETTINGS.items() if required} <= given


@pytest.mark.parametrize("name", OURS)
def test_our_processes_can_read_their_settings(name: str) -> None:
    assert Settings.read(_resolved(services()[name]["environment"], {})).host == "0.0.0.0"


def test_every_other_service_is_given_what_it_knows() -> None:
    given = {name: set(service.get("environment", {})) for name, service in services().items()}
    unknown = {name: names - _KNOWN.get(name, set()) for name, names in given.items() if name not in (*OURS, "migrate")}
    assert {name: names for name, names in unknown.items() if names} == {}


def test_the_simulator_of_stripe_reads_what_it_is_given() -> None:
    given = {key: str(value) for key, value in services()["stripe"]["environment"].items()}
    read = stripe_settings([], given)
    assert (read.host, read.port, read.control_open, read.data) == ("0.0.0.0", 12111, True, Path("/data"))
    assert (read.api_key, read.webhook_url) == (given["STRIPE_API_KEY"], given["STRIPE_WEBHOOK_URL"])


def test_secrets_come_from_the_environment_and_each_is_in_the_example() -> None:
    example = {
        line.partition("=")[0]
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert needed_variables() == example
    assert {"MASTER_KEY", "LINK_SECRET", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"} <= example
    ports = {f"PORT_{name}" for name in ("WRITE_API", "READ_API", "ELASTICSEARCH", "STRIPE", "MAIL_PAGE")}
    room = {"ELASTICSEARCH_HEAP", "ELASTICSEARCH_MEMORY", "POSTGRES_MEMORY", "VALKEY_MEMORY"}
    assert variables() - example - set(_SETTINGS) - tracing.VARIABLES == ports | room


def test_the_example_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#") and line[-1] not in "=_"] == []


@pytest.mark.parametrize("name", [name for name in services() if name != "migrate"])
def test_a_service_is_watched_and_started_again(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", list(services()))
def test_a_service_is_nobody_special_and_has_limits(name: str) -> None:
    service = services()[name]
    assert str(service["user"]).partition(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    # Elasticsearch writes its keystore beside its configuration.
    assert service.get("read_only", False) == (name != "elasticsearch")


def test_nothing_is_published_beyond_the_loopback() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_queries_have_no_way_to_postgres() -> None:
    reachable = set(services()["read-api"]["networks"])
    assert reachable & set(services()["postgres"]["networks"]) == set()
    assert reachable & set(services()["keyring"]["networks"]) == set()


def test_what_a_service_waits_for_exists_and_nobody_waits_for_itself() -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in services().items()}
    order = list(TopologicalSorter(waits).static_order())  # raises CycleError
    assert set(order) == set(waits)
    assert max(order.index(name) for name in ("postgres", "keyring")) < order.index("migrate") < order.index("worker")


@pytest.mark.parametrize("name", OURS)
def test_the_start_waits_as_it_does_natively(name: str, tmp_path: Path) -> None:
    native = next(program for program in stack.plan(Home(tmp_path), "all").programs if program.name == name)
    waits = services()[name]["depends_on"]
    assert set(waits) - {"migrate"} == set(native.after)
    assert all(waits[other]["condition"] == "service_healthy" for other in native.after)


def test_volumes_and_networks_are_declared_and_used() -> None:
    mounted = [volume for service in services().values() for volume in service.get("volumes", [])]
    used = {volume.partition(":")[0] for volume in mounted if isinstance(volume, str)}
    assert used == set(composition()["volumes"])
    joined = {network for service in services().values() for network in service["networks"]}
    assert joined == set(composition()["networks"])


@pytest.mark.parametrize("folder", ["", "./mails"])
def test_who_reads_what_mails_say_sees_the_folder_and_nothing_else_of_the_machine(folder: str) -> None:
    mounted = {
        name: [volume for volume in service.get("volumes", []) if not isinstance(volume, str)]
        for name, service in services().items()
    }
    texts = mounted["worker"]
    assert {name: volumes for name, volumes in mounted.items() if volumes} == {"worker": texts, "write-api": texts}
    [bound] = texts
    assert (bound["type"], bound["read_only"], bound["bind"]) == ("bind", True, {"create_host_path": False})
    given = {"MAIL_TEXTS": folder}
    seen = Settings.read(_resolved(services()["worker"]["environment"], given)).mail_texts
    assert seen == (bound["target"] if folder else "")
    source = resolved(bound["source"], given)
    assert source == folder or (ROOT / source).is_dir(), "what is mounted and not asked for is there"


@pytest.mark.parametrize("name", [name for name, service in services().items() if "build" in service])
def test_a_command_of_ours_names_a_module_that_runs(name: str) -> None:
    python, option, module, *rest = services()[name]["command"]
    assert (python, option) == ("python", "-m")
    found = importlib.util.find_spec(module)
    assert found is not None
    main = found if found.submodule_search_locations is None else importlib.util.find_spec(f"{module}.__main__")
    assert main is not None and main.origin is not None
    if module == "write_side":
        assert f'case ["{rest[0]}"]' in Path(main.origin).read_text()


def test_postgres_keeps_the_relays_conditions() -> None:
    assert services()["postgres"]["image"] == "postgres:18"
    assert {"--max_prepared_transactions=0", "--synchronous_commit=on"} <= set(services()["postgres"]["command"])


def test_nothing_is_evicted_from_the_read_models() -> None:
    command = services()["valkey"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_who_stands_still_does_not_fill_valkeys_memory() -> None:
    command = services()["valkey"]["command"]
    assert command[command.index("--client-output-buffer-limit") + 1] == "normal 256mb 64mb 60"
