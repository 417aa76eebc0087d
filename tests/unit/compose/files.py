"""compose.yaml, the Dockerfile and their companions, as tests look at them. No engine is needed, and none was asked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
OURS = ("write-api", "worker", "projector", "read-api", "recommender")
_VARIABLE = re.compile(r"\$\{(\w+)")

Json = dict[str, Any]


def composition() -> Json:
    """compose.yaml, its anchors and merges resolved, its variables not."""
    loaded: Json = YAML(typ="safe").load((ROOT / "compose.yaml").read_text())
    return loaded


def services() -> dict[str, Json]:
    """The services by name."""
    found: dict[str, Json] = composition()["services"]
    return found


def resolved(value: str, given: Mapping[str, str]) -> str:
    """What stands there in an environment: `${NAME:-otherwise}`, `${NAME:+instead}`; what has to be told stays."""

    def said(found: re.Match[str]) -> str:
        name, sign, text = found.groups()
        return (given.get(name) or text) if sign == "-" else text if given.get(name) else ""

    return re.sub(r"\$\{(\w+):([-+])([^}]*)}", said, value)


def variables() -> set[str]:
    """What compose.yaml asks the environment (or .env) for."""
    return set(_VARIABLE.findall((ROOT / "compose.yaml").read_text()))


def needed_variables() -> set[str]:
    """Those without which it refuses to start."""
    return set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, the rest of its line)."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return [(pair[0], pair[1]) for pair in pairs]


def copied() -> list[str]:
    """What the Dockerfile takes from the checkout."""
    copies = [rest.split() for name, rest in instructions() if name == "COPY"]
    return [source for parts in copies if not parts[0].startswith("--from") for source in parts[:-1]]
