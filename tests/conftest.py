"""Fixtures for everybody; they live in `tests/fixtures`, by what they give."""

pytest_plugins = ["tests.fixtures.lean", "tests.fixtures.steady", "tests.fixtures.servers", "tests.fixtures.write_side"]
