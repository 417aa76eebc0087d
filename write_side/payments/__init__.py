"""Payments: what other contexts may ask of them. Orders know payments, payments' routes and steps know orders."""

from write_side.payments.asking import ProviderDown, ProviderRefused, every
from write_side.payments.declines import Decline
from write_side.payments.declining import decline
from write_side.payments.domain import Payment, Seen, SeenRefund, Work, covers
from write_side.payments.gateway import Gateway, Notice, open_gateway
from write_side.payments.providers import in_our_books, provider_of
from write_side.payments.store import (
    alarms,
    capture,
    claim,
    find_payment,
    lock_payment,
    park,
    public_state,
    put_off,
    reduce,
    retry_alarmed,
    save,
    shown,
    take_in,
    wake,
)

__all__ = [
    "Decline", "Gateway", "Notice", "Payment", "ProviderDown", "ProviderRefused", "Seen", "SeenRefund", "Work",
    "alarms", "capture", "claim", "covers", "decline", "every", "find_payment", "in_our_books", "lock_payment",
    "open_gateway", "park", "provider_of", "public_state", "put_off", "reduce", "retry_alarmed", "save", "shown",
    "take_in", "wake",
]  # fmt: skip
