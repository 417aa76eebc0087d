"""Who was given what is held on a person. Aggregate: `person` (its id is the person's), key `person:<person id>`."""

from uuid import UUID

from msgspec import Struct


class PersonExported(Struct, frozen=True, tag="erasure.person_exported.v1"):
    """All that is held on a person was handed out, in the clear; by whom it was asked for say the event's metadata. Of
    the person nothing is told but the id, so that erasing them has nothing to erase in it."""

    person_id: UUID


ErasureEvent = PersonExported
