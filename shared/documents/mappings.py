"""Types of fields, as Elasticsearch takes them."""

from typing import Any

Json = dict[str, Any]

KEYWORD: Json = {"type": "keyword"}
LONG: Json = {"type": "long"}
DATE: Json = {"type": "date"}
BOOLEAN: Json = {"type": "boolean"}


def object_(**properties: Json) -> Json:
    """Fields within a field."""
    return {"type": "object", "dynamic": "strict", "properties": properties}


def nested(**properties: Json) -> Json:
    """Records within a record, each asked for as a whole."""
    return {"type": "nested", "dynamic": "strict", "properties": properties}
