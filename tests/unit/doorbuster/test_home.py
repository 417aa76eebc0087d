"""A home remembers its ports and keeps its secrets."""

import socket
import stat
from pathlib import Path

import pytest

from doorbuster.home import Home, is_free


def test_a_port_is_remembered_by_the_next_start(tmp_path: Path) -> None:
    assert Home(tmp_path).port("write-api") == Home(tmp_path).port("write-api")


def test_two_programs_get_two_ports(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert len({home.port(name) for name in "abcdefgh"}) == 8


def test_a_remembered_port_that_somebody_took_is_given_up(tmp_path: Path) -> None:
    port = Home(tmp_path).port("worker")
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        assert Home(tmp_path).port("worker") != port


def test_a_configured_port_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_WRITE_API", "18123")
    assert Home(tmp_path).port("write-api") == 18123


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    made = Home(tmp_path).secrets()
    assert Home(tmp_path).secrets() == made
    assert len(bytes.fromhex(made["MASTER_KEY"])) == 32
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_secrets_of_two_homes_differ(tmp_path: Path) -> None:
    one, other = Home(tmp_path / "one").secrets(), Home(tmp_path / "other").secrets()
    assert not set(one.values()) & set(other.values())


def test_a_secret_of_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_SECRET", "from outside")
    assert Home(tmp_path).secrets()["LINK_SECRET"] == "from outside"
    monkeypatch.delenv("LINK_SECRET")
    assert Home(tmp_path).secrets()["LINK_SECRET"] != "from outside"
