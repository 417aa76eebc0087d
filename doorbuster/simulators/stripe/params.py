"""Checking request parameters: each checker takes a parameter's name and raw value, gives the typed one or refuses."""

from collections.abc import Callable, Mapping
from typing import Any

from .errors import StripeError, invalid

Checker = Callable[[str, Any], Any]
Spec = Mapping[str, Checker]
LARGEST_AMOUNT = 99_999_999


def read(params: Mapping[str, Any], spec: Spec, required: tuple[str, ...] = (), within: str = "") -> dict[str, Any]:
    """Typed parameters. Unknown ones are refused first, as Stripe does, then missing ones, then wrong values."""
    for name in params:
        if name not in spec:
            raise invalid(
                f"Received unknown parameter: {_full(within, name)}", _full(within, name), "parameter_unknown"
            )
    for name in required:
        if name not in params:
            raise invalid(f"Missing required param: {_full(within, name)}.", _full(within, name), "parameter_missing")
    return {name: spec[name](_full(within, name), value) for name, value in params.items()}


def _full(within: str, name: str) -> str:
    return f"{within}[{name}]" if within else name


def _scalar(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {name} must not be an object.", name)
    return value


def integer(least: int = 0, most: int | None = None) -> Checker:
    """A whole number; `amount_too_large` above `most`."""

    def check(name: str, value: Any) -> int:
        text = _scalar(name, value)
        if not text:
            raise invalid(
                f"You passed an empty string for '{name}', which cannot be unset.", name, "parameter_invalid_empty"
            )
        if not (text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 20):
            raise invalid(f"Invalid integer: {text[:40]}", name, "parameter_invalid_integer")
        number = int(text)
        if number < least:
            raise invalid(f"This value must be greater than or equal to {least}.", name, "parameter_invalid_integer")
        if most is not None and number > most:
            raise invalid(f"Amount must be no more than {most}.", name, "amount_too_large")
        return number

    return check


def text(limit: int = 5000) -> Checker:
    """A string; the empty one unsets (None)."""

    def check(name: str, value: Any) -> str | None:
        string = _scalar(name, value)
        if len(string) > limit:
            message = f"Invalid string: {name} must be at most {limit} characters"
            raise invalid(message, name, "parameter_invalid_string")
        return string or None

    return check


def choice(*allowed: str) -> Checker:
    """One of the words Stripe knows."""

    def check(name: str, value: Any) -> str:
        if _scalar(name, value) not in allowed:
            raise invalid(f"Invalid {name}: must be one of {', '.join(allowed)}", name)
        return str(value)

    return check


def boolean(name: str, value: Any) -> bool:
    """`true` or `false`."""
    if _scalar(name, value) not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value[:40]}", name)
    return bool(value == "true")


def hash_of(spec: Spec, *required: str) -> Checker:
    """An object with known fields."""

    def check(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("Invalid object", name)
        return read(value, spec, required, within=name)

    return check


def array_of(item: Checker) -> Checker:
    """A list, which the form carries as an object keyed by position."""

    def check(name: str, value: Any) -> list[Any]:
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise invalid("Invalid array", name)
        return [item(f"{name}[{key}]", value[key]) for key in sorted(value, key=int)]

    return check


def anything(name: str, value: Any) -> Any:
    """Accepted unread: this simulator's answers do not depend on it."""
    return value


def metadata(name: str, value: Any) -> dict[str, str]:
    """At most 50 keys of 40 characters, values of 500. An empty value unsets its key, an empty whole unsets all."""
    if value == "":
        return {"": ""}
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise invalid("Invalid object", name)
    if len(value) > 50:
        raise invalid("You can only specify up to 50 metadata keys.", name)
    for key, entry in value.items():
        if len(key) > 40 or len(entry) > 500:
            raise invalid("Metadata keys hold up to 40 characters, values up to 500.", f"{name}[{key[:40]}]")
    return value


def merged(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Metadata after an update; see `metadata` for what unsets."""
    if new == {"": ""}:
        return {}
    return {key: entry for key, entry in {**old, **new}.items() if entry}


def unsupported(name: str, value: Any) -> Any:
    """Known to Stripe, unknown here: refused aloud rather than ignored."""
    raise StripeError(f"The simulator does not play '{name}'.", status=501, code="simulator_unsupported", param=name)
