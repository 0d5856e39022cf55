"""The browsable page of the API: one HTML file without script or outside resource, so it works on a sealed network.

litestar bundles no viewer: its Swagger, Redoc and Scalar plugins all load theirs from a CDN.
"""

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

SHELL: Final = files(__package__).joinpath("page.html").read_text("utf-8")
METHODS: Final = ("get", "post", "put", "patch", "delete")

Node = Mapping[str, Any]


class PagePlugin(OpenAPIRenderPlugin):
    """Serves the page at /schema; the document itself is at /schema/openapi.json."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - litestar's signature
        """Render the document."""
        return page(openapi_schema).encode()


def page(document: Node) -> str:
    """Return the page of an OpenAPI document."""
    about = document["info"]
    operations = [
        _operation(method, path, item[method])
        for path, item in sorted(document["paths"].items())
        for method in METHODS
        if method in item
    ]
    title = escape(f"{about['title']} {about['version']}")
    return (
        SHELL.replace("{title}", title)
        .replace("{about}", escape(about.get("description", "")))
        .replace("{operations}", "\n".join(operations))
    )


def _operation(method: str, path: str, operation: Node) -> str:
    text = escape(operation.get("description") or "")
    query = {
        one["name"]: {**one.get("schema", {}), "description": one.get("description", "")}
        for one in operation.get("parameters", ())
        if one["in"] == "query"
    }
    asked = f"<h3>Query</h3>{_fields({'properties': query})}" if query else ""
    body = "".join(
        f"<h3>Body, <code>{escape(kind)}</code></h3>{_fields(content['schema'])}"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return (
        f'<details><summary><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary') or '')}</summary>\n<p>{text}</p>{asked}{body}"
        f"<h3>Answers</h3><table>{answers}</table></details>"
    )


def _answer(status: str, answer: Node) -> str:
    kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in answer.get("content") or {})
    headers = ", ".join(f"<code>{escape(name)}</code>" for name in answer.get("headers") or {})
    return (
        f"<tr><th>{escape(status)}</th><td>{escape(answer['description'])}</td><td>{kinds}</td><td>{headers}</td></tr>"
    )


def _fields(schema: Node, within: str = "") -> str:
    return f"<table>{''.join(_rows(schema, within))}</table>"


def _rows(schema: Node, within: str) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        marks = "required" if name in required else _default(field)
        told = escape(field.get("description", ""))
        yield (
            f"<tr><th><code>{escape(within + name)}</code></th><td>{escape(_kind(field))}</td>"
            f"<td>{marks}</td><td>{told}</td></tr>"
        )
        for part in (field, *field.get("anyOf", ())):
            yield from _rows(part, f"{within}{name}.") if part.get("type") == "object" else ()


def _default(field: Node) -> str:
    default = field.get("default")
    return "" if default in (None, []) else f"default <code>{escape(str(default))}</code>"


def _kind(field: Node) -> str:
    """Say a schema in a line: its type, its choices and its bounds."""
    if "anyOf" in field:
        return " or ".join(_kind(part) for part in field["anyOf"] if part.get("type") != "null")
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items') or field['prefixItems'][0])}"
    low = field.get("minimum", field.get("minLength"))
    high = field.get("maximum", field.get("maxLength"))
    bounds = "".join((f" from {low}" if low is not None else "", f" to {high}" if high is not None else ""))
    of = " characters" if bounds and field.get("type") == "string" else ""
    return f"{field.get('format') or field.get('type', 'any')}{bounds}{of}"
