"""A mail server for managers, the same as that of customers."""

from tests.integration.checkout.conftest import inbox, inbox_type

__all__ = ["inbox", "inbox_type"]
