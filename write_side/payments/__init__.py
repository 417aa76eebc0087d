"""Payments: what other contexts may ask of them. Orders know payments, payments' routes and steps know orders."""

from write_side.payments.asking import ProviderDown, ProviderRefused
from write_side.payments.declines import Decline
from write_side.payments.declining import decline
from write_side.payments.domain import Owed, Payment, Seen, SeenRefund, Work, covers
from write_side.payments.gateway import Gateway, Notice
from write_side.payments.methods import Chosen, can, chosen_like, open_providers, stripe_of
from write_side.payments.our_books import OUR_BOOKS
from write_side.payments.providers import Abilities, Provider, Providers, Room, due_within
from write_side.payments.store import (
    alarms,
    capture,
    claim,
    clock,
    find_by_intent,
    find_payment,
    intents_of,
    lock_new,
    lock_payment,
    park,
    public_state,
    put_off,
    record_made,
    reduce,
    retry_alarmed,
    save,
    shown,
    take_in,
    take_in_all,
    wake,
)

__all__ = [
    "OUR_BOOKS", "Abilities", "Chosen", "Decline", "Gateway", "Notice", "Owed", "Payment", "Provider",
    "ProviderDown", "ProviderRefused", "Providers", "Room", "Seen", "SeenRefund", "Work", "alarms", "can",
    "capture", "chosen_like", "claim", "clock", "covers", "decline", "due_within", "find_by_intent", "find_payment",
    "intents_of", "lock_new", "lock_payment", "open_providers", "park", "public_state", "put_off",
    "record_made", "reduce", "retry_alarmed", "save", "shown", "stripe_of", "take_in", "take_in_all", "wake",
]  # fmt: skip
