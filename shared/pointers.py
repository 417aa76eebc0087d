"""JSON pointers (RFC 6901), by which refusals and histories say where something stands."""


def escaped(step: str) -> str:
    """A name as a step of a pointer."""
    return step.replace("~", "~0").replace("/", "~1")
