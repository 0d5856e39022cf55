"""What the OpenAPI document says beyond what litestar can see: raw bodies, streamed answers, every error.

Bodies are decoded by msgspec from raw bytes, so their schemas come from msgspec too, written out in place.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

import msgspec
from litestar.openapi.spec import (
    Components,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIType

from router.web.dialects import OPENAI, Dialect

Content = dict[str, OpenAPIMediaType]

BINARY: Final[Mapping[str, Any]] = {"type": "string", "format": "binary"}

ERRORS: Final = {
    400: "A field is malformed or beyond its limit: `param` names it, `limit` says what it had to keep to",
    401: "No API key, or one that is not known",
    402: "The team has used up what it may spend",
    403: "The key may not do this",
    404: "Unknown model, voice or path",
    405: "This path does not take that method",
    409: "It clashes with something already there",
    413: "The body, a file or an inline medium is too large",
    415: "The Content-Type is missing or not one that is taken",
    416: "No byte of it is in the range asked for; Content-Range says how many there are",
    422: "No provider can serve this as asked, or the content cannot be worked on",
    429: "Over quota, or every provider is busy; see Retry-After",
    500: "An unexpected error in the router",
    502: "Every provider failed",
    503: "No provider is available now; see Retry-After",
    504: "No provider answered in time",
    507: "The router has no room left to keep media; see Retry-After",
}
WORK: Final = (400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 500, 502, 503, 504, 507)
"""What a request for media may end in."""
READ: Final = (401, 403, 405, 500)
"""What a look-up may end in."""

TOLD: Final = {
    "X-Request-Id": "The request's id: the caller's own if it sent a sane one",
    "X-Media-Provider": "Who served it",
    "X-Cache": "On routes with a cache: `hit`, `joined` (others waited for it already), `miss` or `bypass`",
    "X-Media-Splice": "`sentences` where the text is spoken in parts, so that a stream that breaks can be resumed",
    "X-Media-Attempts": "How many calls to providers it took",
    "X-Media-Route": "The route it took",
    "Server-Timing": "Milliseconds of each attempt, in queues, and in total",
}
PATIENCE: Final = Parameter(
    name="X-Request-Timeout",
    param_in="header",
    schema=Schema(type=OpenAPIType.NUMBER, exclusive_minimum=0),
    description="Seconds, decimals allowed, within which the answer must begin: it can shorten the route's deadline, "
    "never lengthen it. After them the answer is 504 `deadline_passed`",
)
"""Whoever asks a provider may say how long to wait."""
REPEATABLE: Final = Parameter(
    name="Idempotency-Key",
    param_in="header",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255),
    description="A new one for each request; whoever sends the same request with it again within 24 hours gets the same "
    "answer, with Idempotent-Replayed: true, and nothing is paid twice. 409 while the first is worked on, 422 for another request",
)
"""Whoever asks for what is paid may say that it is the same request."""
SCHEMES: Final = Components(
    security_schemes={
        "bearer": SecurityScheme(type="http", scheme="bearer"),
        "x-api-key": SecurityScheme(type="apiKey", name="x-api-key", security_scheme_in="header"),
        "xi-api-key": SecurityScheme(type="apiKey", name="xi-api-key", security_scheme_in="header"),
    }
)
SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"x-api-key": []}, {"xi-api-key": []}]


def describe(
    answers: Mapping[str, Mapping[str, Any]],
    body: Content | None = None,
    statuses: Sequence[int] | None = None,
    dialects: Sequence[Dialect] = (OPENAI,),
    query: type[msgspec.Struct] | None = None,
) -> type[Operation]:
    """Return the `operation_class` of a route: its body and query, its answer by media type, and its errors.

    `statuses` are `WORK` for a route with a body and `READ` for one without, unless given. `dialects` are those
    whose clients come to this path.
    """
    errors = statuses if statuses is not None else (WORK if body else READ)
    # Only what asks a provider can end in 502, and only that has a tale to tell.
    told = _headers({**TOLD, **dialects[0].headers} if 502 in errors else {"X-Request-Id": TOLD["X-Request-Id"]})
    good = dialects[0].made if body else 200
    done = OpenAPIResponse(description="Done", headers=told, content=_content(answers))
    problem = _content({"application/json": one_of(*(schema_of(dialect.body) for dialect in dialects))})

    class Described(Operation):  # a dataclass as its parent is; to make it one anew takes 1 ms for each route
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            said = [*([PATIENCE] if 502 in errors else ()), *([REPEATABLE] if body and 409 in errors else ())]
            self.parameters = [*(self.parameters or ()), *(_query(query) if query else ()), *said]
            self.request_body = RequestBody(content=body, required=True) if body else None
            self.responses = {str(good): done, **{str(status): _error(status, problem) for status in errors}}

    return Described


def _query(kind: type[msgspec.Struct]) -> list[Parameter]:
    return [
        Parameter(name=name, param_in="query", schema=cast("Schema", schema), description=schema.get("description"))
        for name, schema in schema_of(kind)["properties"].items()
    ]


def json_body(kind: Any) -> Content:
    """Describe a JSON body: a struct, or a union of tagged ones."""
    return _content({"application/json": schema_of(kind)})


def form_body(kind: type[msgspec.Struct], required: Sequence[str], **files: Mapping[str, Any]) -> Content:
    """Describe a multipart body: the text fields of `kind`, and files beside them."""
    schema = schema_of(kind)
    properties = {**{name: dict(file) for name, file in files.items()}, **schema["properties"]}
    return _content({"multipart/form-data": {**schema, "properties": properties, "required": list(required)}})


@cache
def schema_of(kind: Any) -> Mapping[str, Any]:
    """Return a type's JSON Schema with its references written out; none of ours is recursive."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    return cast("Mapping[str, Any]", _written_out(schema, parts))


def one_of(*schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of an answer that takes one of several shapes."""
    return schemas[0] if len(schemas) == 1 else {"oneOf": [dict(schema) for schema in schemas]}


def _written_out(node: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(node, Mapping):
        target = parts[node["$ref"]] if "$ref" in node else {}
        # A discriminator names schemas by reference, and there are none here; each says its own tag.
        rest = {key: _written_out(value, parts) for key, value in node.items() if key not in {"$ref", "discriminator"}}
        return {**_written_out(target, parts), **rest} if target else rest
    if isinstance(node, list | tuple):
        return [_written_out(value, parts) for value in node]
    return node


def _content(by_type: Mapping[str, Mapping[str, Any]]) -> Content:
    # litestar writes a plain dict out as it stands; its own Schema class could not hold msgspec's.
    return {kind: OpenAPIMediaType(schema=cast("Schema", dict(schema))) for kind, schema in by_type.items()}


def _error(status: int, problem: Content) -> OpenAPIResponse:
    told = {"X-Request-Id": TOLD["X-Request-Id"]}
    if status in {409, 429, 503, 507}:
        told["Retry-After"] = "Whole seconds to wait before trying again, where that is known"
    if status == 405:
        told["Allow"] = "The methods this path takes"
    return OpenAPIResponse(description=ERRORS[status], headers=_headers(told), content=problem)


def _headers(told: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: OpenAPIHeader(description=text, schema=Schema(type=OpenAPIType.STRING)) for name, text in told.items()
    }
