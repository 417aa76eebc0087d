"""The AsyncAPI 3.0 document: every event there ever was, each version with its schema, and the two ways to be told."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shared.schemas import published
from write_side.feed.domain import CloudEvent, schema_id

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
DESCRIPTION = """Whatever happens in the shop, as CloudEvents in JSON: asked for page by page, without a hole, from
GET /v1/events, or told by webhooks, signed as Standard Webhooks describes. The schema of each type's data is also
served alone, as /schema/events/{type}.json."""
_MEDIA_TYPE = "application/cloudevents+json"


def schemas() -> dict[str, Json]:
    """Type with version → the schema of its data, with the `$id` that events name it by."""
    return {tag: {"$id": schema_id(tag), **schema} for tag, schema in published().items()}


def document() -> Json:
    """The whole document."""
    types = published()
    messages = {tag: _message(tag, schema) for tag, schema in types.items()}
    in_channel = {tag: {"$ref": f"#/components/messages/{tag}"} for tag in types}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Doorbuster events", "version": "1", "description": DESCRIPTION},
        "defaultContentType": _MEDIA_TYPE,
        "channels": {
            "feed": {"address": "/v1/events", "messages": in_channel, "description": "Pages in the order of the log."},
            "webhooks": {"address": None, "messages": in_channel, "description": "The address of an endpoint."},
        },
        "operations": {
            "tellPages": _operation("feed", "GET", "GET /v1/events: pages, resumable by cursor; scope events:read."),
            "tellByWebhook": _operation("webhooks", "POST", "One event a request; POST /v1/webhook-endpoints."),
        },
        "components": {
            "messages": messages,
            "schemas": _envelope() | {name: one for tag, schema in types.items() for name, one in _moved(tag, schema)},
            "messageTraits": {"signed": {"headers": _HEADERS}},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


_HEADERS: Json = {
    "type": "object",
    "description": "Of webhooks, as Standard Webhooks describes them.",
    "properties": {
        "webhook-id": {"type": "string", "description": "the id of the event"},
        "webhook-timestamp": {"type": "string", "description": "of the attempt, in seconds since 1970"},
        "webhook-signature": {"type": "string", "description": "v1,<base64 of HMAC-SHA256>, one for each valid secret"},
    },
}


def _operation(channel: str, method: str, summary: str) -> Json:
    binding = {"method": method, "bindingVersion": "0.3.0"}
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {"http": binding},
        "security": [{"$ref": "#/components/securitySchemes/bearer"}] if method == "GET" else [],
    }


def _message(tag: str, schema: Mapping[str, Any]) -> Json:
    what = {"properties": {"type": {"const": tag}, "data": {"$ref": f"{SCHEMAS}{tag}"}}}
    told: Json = {
        "name": tag,
        "contentType": _MEDIA_TYPE,
        "payload": {"allOf": [{"$ref": f"{SCHEMAS}CloudEvent"}, what]},
        "traits": [{"$ref": "#/components/messageTraits/signed"}],
    }
    said = schema["$defs"][_main(schema)].get("description", "")
    return told | ({"description": said} if said else {})


def _envelope() -> dict[str, Json]:
    _, components = msgspec.json.schema_components([CloudEvent], ref_template=SCHEMAS + "{name}")
    return dict(components)


def _moved(tag: str, schema: Mapping[str, Any]) -> list[tuple[str, Json]]:
    """A schema that is complete in itself, as components: names within it get the type's name before them."""
    main = _main(schema)

    def name_of(name: str) -> str:
        return tag if name == main else f"{tag}.{name}"

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: SCHEMAS + name_of(inner.rpartition("/")[2]) if key == "$ref" else renamed(inner)
                for key, inner in value.items()
            }
        return [renamed(inner) for inner in value] if isinstance(value, list) else value

    return [(name_of(name), renamed(one)) for name, one in schema["$defs"].items()]


def _main(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
