"""The OpenAPI document as one page without scripts: it needs no CDN, so it is there when the internet is not."""

import html
from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{font-size:1.05rem;margin:2rem 0 .3rem;border-top:1px solid #ddd;padding-top:1rem}h2 code{font-size:1rem}
b.m{display:inline-block;min-width:4.2rem;color:#fff;background:#456;border-radius:.2rem;text-align:center}
table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0;vertical-align:top}pre{background:#f6f6f6;padding:.6rem;
overflow:auto}p{white-space:pre-line;margin:.4rem 0}"""


class PageRenderPlugin(OpenAPIRenderPlugin):
    """Renders the document where it is mounted."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        """The page; names link to the schemas at its end."""
        return "".join(_page(openapi_schema)).encode()


def _page(document: Json) -> Iterator[str]:
    title = html.escape(document["info"]["title"])
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    yield f"<h1>{title}</h1><p>{html.escape(document['info'].get('description', ''))}</p>"
    yield '<p>As JSON: <a href="schema/openapi.json">schema/openapi.json</a></p>'
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _operation(method, path, item[method])
    yield "<h1>Schemas</h1>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f'<h2 id="{html.escape(name)}">{html.escape(name)}</h2>{_pretty(schema)}'


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"<h2><b class=m>{method.upper()}</b> <code>{html.escape(path)}</code></h2>"
    yield f"<p>{html.escape(operation.get('description') or operation.get('summary') or '')}</p>"
    if parameters := operation.get("parameters"):
        yield f"<table>{''.join(map(_parameter, parameters))}</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body, {html.escape(kind)}: {_named(content.get('schema', {}))}</p>"
    statuses = (status for status in operation.get("responses", {}) if status != "default")
    yield f"<p>Answers {', '.join(map(html.escape, statuses))}, or a problem.</p>"


def _parameter(parameter: Json) -> str:
    needed = " (required)" if parameter.get("required") else ""
    cells = (parameter["name"], parameter["in"] + needed, parameter.get("description", ""))
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _named(schema: Json) -> str:
    reference = schema.get("$ref", "")
    if not reference:
        return _pretty(schema)
    name = html.escape(reference.rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>'


def _pretty(schema: Json) -> str:
    return f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())}</pre>"
