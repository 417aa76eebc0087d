"""Types as JSON Schema: by msgspec, whose decoders and encoders they go through, so the schema is what really holds."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import fields

from shared.http.requests import structs_in

Json = dict[str, Any]

PREFIX = "#/components/schemas/"
# A docstring that begins with JSON in backticks gives an example of the type.
_EXAMPLE = re.compile(r"`(\{.*?\})`[.:;]?\s*", re.DOTALL)


class Shapes:
    """The schemas of the types that go in and of those that go out; `components` holds each Struct once."""

    def __init__(self, taken: Iterable[Any], told: Iterable[Any]) -> None:
        taken, told = list(dict.fromkeys(taken)), list(dict.fromkeys(told))
        kinds = list(dict.fromkeys([*taken, *told]))
        schemas, self.components = msgspec.json.schema_components(kinds, ref_template=PREFIX + "{name}")
        self._of = dict(zip(kinds, schemas, strict=True))
        self._complete({name for kind in told for name in self._names(kind)} - self._omitting(told)
                       - {name for kind in taken for name in self._names(kind)}, self._unset(told))  # fmt: skip
        for kind in taken:
            for struct in structs_in(kind):
                self._show_example(struct)

    def of(self, kind: Any) -> Json:
        """The schema of one of the types."""
        schema: Json = self._of[kind]
        return schema

    def _names(self, kind: Any) -> set[str]:
        found: set[str] = set()
        waiting = list(_references(self._of[kind]))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _references(self.components[name])
        return found

    def _complete(self, names: Iterable[str], unset: Mapping[str, Collection[str]]) -> None:
        """What is only told always has all of its members, whatever may be left out when it is made, but those that are
        unset."""
        for name in names:
            schema = self.components[name]
            absent = unset.get(name, ())
            schema["required"] = [member for member in schema.get("properties", {}) if member not in absent]
            for member in schema.get("properties", {}).values():
                member.pop("default", None)

    @staticmethod
    def _omitting(told: Iterable[Any]) -> set[str]:
        structs = {struct for kind in told for struct in structs_in(kind)}
        return {struct.__name__ for struct in structs if struct.__struct_config__.omit_defaults}

    @staticmethod
    def _unset(told: Iterable[Any]) -> dict[str, set[str]]:
        structs = {struct for kind in told for struct in structs_in(kind)}
        return {
            struct.__name__: {field.encode_name for field in fields(struct) if field.default is UNSET}
            for struct in structs
        }

    def _show_example(self, struct: type[Struct]) -> None:
        schema = self.components[struct.__name__]
        found = _EXAMPLE.match(schema.get("description", ""))
        if found:
            msgspec.json.decode(found[1], type=struct)  # an example that doesn't fit fails here, when the app is built
            schema["examples"] = [msgspec.json.decode(found[1])]
            schema["description"] = schema["description"][found.end() :] or "As in the example."


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(PREFIX)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
