"""What the simulator knows, in memory, and the append-only journal that brings it back after a kill.

One request is one line of the journal, written before its answer leaves: a torn last line was never answered.
"""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .objects import Change, Charge, Dispute, Event, EventData, Intent, Moment, PaymentMethod, Refund, StripeObject

EVENTS_KEPT = 100_000  # Stripe forgets events after 30 days; memory is the limit here


class Saved(Struct, frozen=True, kw_only=True):
    """The first answer to an idempotency key: an object shared with the ledger, or bytes (errors, expansions)."""

    scope: str
    fingerprint: str
    status: int
    created: int
    request_id: str
    answer: StripeObject | None = None
    answer_id: str | None = None  # stands for the answer in the journal, where its object stands in the same line
    raw: msgspec.Raw = msgspec.Raw(b"null")

    def body(self) -> bytes:
        """The bytes of the first answer."""
        return msgspec.json.encode(self.answer if self.answer else self.raw)


def _by_id(saved: Saved) -> Saved:
    return replace(saved, answer=None, answer_id=saved.answer.id) if saved.answer else saved


class Entry(Struct, omit_defaults=True):
    """A line of the journal."""

    objects: list[StripeObject] = []
    events: list[Event] = []
    saved: Saved | None = None
    delivered: str | None = None  # an event that its webhook took
    failed: str | None = None  # an event that won't be sent again by itself


class Ledger:
    """All objects by kind, newest last; not safe for threads, atomic within one event loop step."""

    def __init__(self, folder: Path | None = None) -> None:
        self.intents: dict[str, Intent] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.methods: dict[str, PaymentMethod] = {}
        self.events: dict[str, Event] = {}
        self.refunds_of: dict[str, list[str]] = defaultdict(list)
        self.answers: dict[str, Saved] = {}
        self.undelivered: dict[str, Event] = {}  # still to be sent
        self.failed: set[str] = set()
        self._file: int | None = None
        if folder is not None:
            self._open(folder)

    def record(self, change: Change, at: Moment, request: dict[str, str | None], saved: Saved | None) -> list[Event]:
        """Write a change and make it visible; the events it gave, for the webhooks."""
        events = [
            Event(id=at.new_id("evt_3"), created=at.now, data=EventData(subject), request=request, type=type)
            for type, subject in change.events
        ]
        told = {id(event.data.object) for event in events}
        entry = Entry([each for each in change.objects if id(each) not in told], events, saved and _by_id(saved))
        self._write(entry)
        self._apply(entry)
        return events

    def remember(self, saved: Saved) -> None:
        """Keep an answer that changed nothing else."""
        self._write(Entry(saved=saved))
        self.answers[saved.scope] = saved

    def acknowledge(self, event_id: str) -> None:
        """The webhook took an event: a restart won't send it again."""
        if self.undelivered.pop(event_id, None) or event_id in self.failed:
            self.failed.discard(event_id)
            self._write(Entry(delivered=event_id))

    def give_up(self, event_id: str) -> None:
        """Nobody took an event, and it is not tried any more."""
        if self.undelivered.pop(event_id, None):
            self.failed.add(event_id)
            self._write(Entry(failed=event_id))

    def charge_of(self, intent: Intent) -> Charge | None:
        """The latest charge of an intent."""
        return self.charges[intent.latest_charge] if intent.latest_charge else None

    def close(self) -> None:
        """Release the journal."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _apply(self, entry: Entry) -> None:
        # Within an entry, events come before the rest: an event may tell of an older version of the same object.
        for event in entry.events:
            self._put(event.data.object)
            self.events[event.id] = self.undelivered[event.id] = event
        for each in entry.objects:
            self._put(each)
        if entry.saved:
            self.answers[entry.saved.scope] = self._with_answer(entry.saved)
        if entry.delivered:
            self.undelivered.pop(entry.delivered, None)
            self.failed.discard(entry.delivered)
        if entry.failed:
            self.undelivered.pop(entry.failed, None)
            self.failed.add(entry.failed)
        while len(self.events) > EVENTS_KEPT:
            del self.events[next(iter(self.events))]

    def _with_answer(self, saved: Saved) -> Saved:
        if saved.answer_id is None:
            return saved
        shelves: tuple[Mapping[str, StripeObject], ...] = (self.intents, self.refunds, self.methods)
        return replace(saved, answer=next(shelf[saved.answer_id] for shelf in shelves if saved.answer_id in shelf))

    def _put(self, each: StripeObject) -> None:
        match each:
            case Intent():
                self.intents[each.id] = each
            case Charge():
                self.charges[each.id] = each
            case Refund():
                if each.id not in self.refunds:
                    self.refunds_of[each.charge].append(each.id)
                self.refunds[each.id] = each
            case Dispute():
                self.disputes[each.id] = each
            case PaymentMethod():
                self.methods[each.id] = each

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "journal.jsonl"
        kept = self._replay(path) if path.exists() else 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, kept)

    def _replay(self, path: Path) -> int:
        """Apply what stands in the journal; returns its length without a torn last line."""
        decoder, kept = msgspec.json.Decoder(Entry), 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._apply(decoder.decode(line))
                kept += len(line)
        return kept

    def _write(self, entry: Entry) -> None:
        # No fsync: what was written survives the process, and this is no bank.
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(entry) + b"\n")
