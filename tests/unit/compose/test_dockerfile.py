"""The Dockerfile: what it names exists, and what it makes is small and nobody special."""

import re
import tomllib

import pytest

from tests.unit.compose.files import ROOT, copied, instructions, services


def test_what_it_copies_exists_and_is_let_in() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied()) == sorted(let_in)
    assert [path for path in copied() if not (ROOT / path).exists()] == []


def test_it_copies_every_package_that_the_project_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["uv"]["build-backend"]["module-name"]) <= set(copied())


def test_every_stage_that_services_run_exists_and_is_not_root() -> None:
    stages: dict[str, list[tuple[str, str]]] = {}
    for name, rest in instructions():
        if name == "FROM":
            current = stages.setdefault(rest.split()[-1], [])
        elif stages:
            current.append((name, rest))
    targets = {service["build"]["target"] for service in services().values() if "build" in service}
    assert targets == {"doorbuster", "simulators"}
    users = {target: [rest for name, rest in stages[target] if name == "USER"] for target in targets}
    assert users == {"doorbuster": ["10001:10001"], "simulators": ["10001:10001"]}


def test_every_dependency_is_installed_by_its_hash() -> None:
    installs = [rest for name, rest in instructions() if name == "RUN" and "uv pip install" in rest]
    ours = [rest for rest in installs if "--offline" in rest]
    assert len(ours) == 1 and "--no-deps" in ours[0]
    others = [rest for rest in installs if rest not in ours]
    assert others and all("--require-hashes --constraints requirements.lock" in rest for rest in others)


@pytest.mark.parametrize("word", ["--group dev", "--group native", "--all-groups", "--all-extras"])
def test_no_package_of_development_gets_in(word: str) -> None:
    assert word not in (ROOT / "Dockerfile").read_text()


def test_the_group_of_the_mail_sink_is_a_part_of_the_native_one() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert {"include-group": "mail"} in groups["native"]


def test_uv_is_the_same_as_everywhere() -> None:
    version = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version is not None
    assert f"uv=={version[1]}" in (ROOT / "Dockerfile").read_text()
