"""The same lab as in the fault tests."""

from tests.faults.processes import redis_lab, search_lab

__all__ = ["redis_lab", "search_lab"]
