"""Fixtures for everybody; they live in `tests/fixtures`, by what they give."""

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.write_side"]
