"""The OpenAPI document as one page without scripts: it needs no CDN, so it is there when the internet is not."""

import html
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")

# The page runs nothing, loads nothing and stands in nobody's frame; its style is in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{font-size:1.05rem;margin:2rem 0 .3rem;border-top:1px solid #ddd;padding-top:1rem}h2 code{font-size:1rem}
b.m{display:inline-block;min-width:4.2rem;color:#fff;background:#456;border-radius:.2rem;text-align:center}
table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0;vertical-align:top}pre{background:#f6f6f6;padding:.6rem;
overflow:auto}p,td{white-space:pre-line}p{margin:.4rem 0}"""


def schema_routes() -> list[HTTPRouteHandler]:
    """`/schema/openapi.json` is the document, `/schema` shows it."""

    @get("/schema/openapi.json", include_in_schema=False, sync_to_thread=False)
    def as_json(state: State) -> Response[bytes]:
        """The document of this app."""
        return Response(msgspec.json.encode(state.openapi), media_type="application/vnd.oai.openapi+json")

    @get("/schema", include_in_schema=False, sync_to_thread=False)
    def as_page(state: State) -> Response[bytes]:
        """The same for people; names link to the schemas at its end."""
        page = "".join(_page(state.openapi)).encode()
        return Response(page, media_type="text/html", headers={"Content-Security-Policy": POLICY})

    return [as_json, as_page]


def _page(document: Json) -> Iterator[str]:
    title = _escaped(document["info"]["title"])
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    yield f"<h1>{title}</h1><p>{_worded(document['info'].get('description', ''))}</p>"
    yield '<p>As JSON: <a href="schema/openapi.json">schema/openapi.json</a></p>'
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _operation(method, path, item[method])
    yield "<h1>Schemas</h1>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<h2 id="{_escaped(name)}">{_escaped(name)}</h2>{_pretty(schema)}'


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f'<h2 id="{operation["operationId"]}"><b class=m>{method.upper()}</b> <code>{_escaped(path)}</code></h2>'
    yield f"<p>{_worded(operation['description'])}</p>"
    if operation["security"]:
        yield f"<p>For holders of {' or '.join(map(_credential, operation['security']))}.</p>"
    if operation["parameters"]:
        yield f"<table>{''.join(map(_parameter, operation['parameters']))}</table>"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<p>Body: {_named(content['schema'])}</p>"
    yield f"<table>{''.join(_answer(*answer) for answer in operation['responses'].items())}</table>"
    links = {name: "" for answer in operation["responses"].values() for name in answer.get("links", ())}
    if links:
        yield f"<p>Leads to {', '.join(map(_anchor, links))}.</p>"


def _credential(needed: Json) -> str:
    """`{"bearer": ["stock:write"]}` → bearer (stock:write)."""
    return " and ".join(
        _escaped(name + (f" ({', '.join(scopes)})" if scopes else "")) for name, scopes in needed.items()
    )


def _parameter(parameter: Json) -> str:
    place = parameter["in"] + (" (required)" if parameter.get("required") else "")
    return _row(_escaped(parameter["name"]), _escaped(place), _worded(parameter.get("description", "")))


def _answer(status: str, answer: Json) -> str:
    """Of success the shape and the headers, of a problem its codes: every problem has one shape."""
    schemas = [content["schema"] for content in answer.get("content", {}).values()]
    shapes = " ".join(map(_named, (schema for schema in schemas if "allOf" not in schema)))
    headers = ", ".join(map(_escaped, answer.get("headers", {}))) if status < "400" else ""
    return _row(f"<b>{_escaped(status)}</b>", f"{_worded(answer['description'])} {shapes}", headers)


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _named(schema: Json) -> str:
    reference = schema.get("$ref", "")
    return _anchor(reference.rpartition("/")[2]) if reference else _pretty(schema)


def _anchor(name: str) -> str:
    return f'<a href="#{_escaped(name)}">{_escaped(name)}</a>'


def _pretty(schema: Json) -> str:
    return f"<pre>{_escaped(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())}</pre>"


def _worded(text: str) -> str:
    """Prose, with what stands in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _escaped(text))


def _escaped(text: str) -> str:
    return html.escape(text)
