"""`doorbuster token` on the command line."""

import argparse

import pytest

from doorbuster.commands import token


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    token.register(parser.add_subparsers())
    return parser.parse_args(["token", "me", "stock:read", *words])


def test_a_token_lasts_as_long_as_said() -> None:
    assert parsed("--days", "30").days == 30
    assert parsed().days is None


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "week", "99999999"])
def test_a_token_that_is_over_or_lasts_longer_than_the_calendar_is_refused(
    days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(f"--days={days}")
    assert "from 1 to 36,500" in capsys.readouterr().err
