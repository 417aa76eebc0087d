"""Types of fields, as Elasticsearch takes them."""

from typing import Any

from msgspec import Struct, inspect

Json = dict[str, Any]

KEYWORD: Json = {"type": "keyword"}
LONG: Json = {"type": "long"}
DOUBLE: Json = {"type": "double"}
DATE: Json = {"type": "date"}
BOOLEAN: Json = {"type": "boolean"}


def object_(**properties: Json) -> Json:
    """Fields within a field."""
    return {"type": "object", "dynamic": "strict", "properties": properties}


def nested(**properties: Json) -> Json:
    """Records within a record, each asked for as a whole."""
    return {"type": "nested", "dynamic": "strict", "properties": properties}


def fields_of(record: type[Struct]) -> Json:
    """The fields of what analysts ask, as its contract types them: texts are found whole, lists of records `nested`."""
    told = inspect.type_info(record)
    assert isinstance(told, inspect.StructType)
    return _fields(told)


def _fields(told: inspect.StructType) -> Json:
    return {field.encode_name: _field(field.type) for field in told.fields}


def _field(told: inspect.Type) -> Json:
    match told:
        case inspect.Metadata(type=type_):
            return _field(type_)
        case inspect.UnionType(types=types):  # with None: a field may be missing
            [type_] = [each for each in types if not isinstance(each, inspect.NoneType)]
            return _field(type_)
        case inspect.ListType(item_type=type_):  # to Elasticsearch each field is a list
            return _field(type_)
        case inspect.StructType():
            return nested(**_fields(told))
        case inspect.StrType() | inspect.UUIDType() | inspect.LiteralType():
            return KEYWORD
        case inspect.DateTimeType() | inspect.DateType():
            return DATE
        case inspect.IntType():
            return LONG
        case inspect.FloatType():
            return DOUBLE
        case inspect.BoolType():
            return BOOLEAN
    raise TypeError(f"no field holds {told}")
