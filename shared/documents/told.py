"""What a field of an analyst's record means, kept beside the field: docs/data-dictionary.md is made of it."""

from msgspec import Meta

MINOR = "minor units"  # of the record's currency: cents for EUR, yen for JPY


def told(meaning: str, unit: str = "", since: str = "v1") -> Meta:
    """For `Annotated`: the meaning, the unit of a figure, the first version of the read model that has the field."""
    return Meta(description=meaning, extra={"unit": unit, "since": since})
