"""Erasing a person everywhere, and giving a person all that is held on them. By the faces of customers and orders."""

from write_side.erasure.exporting import PersonExport, export, hand_out
from write_side.erasure.handlers import Erased, UnknownPerson, erase, erase_again, find_person, finish
from write_side.erasure.ledger import Ledger, LedgerMissing

__all__ = [
    "Erased", "Ledger", "LedgerMissing", "PersonExport", "UnknownPerson", "erase", "erase_again", "export",
    "find_person", "finish", "hand_out",
]  # fmt: skip
