"""Reading a request's body: the right content type or an error that says which."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

from litestar import Request

from router.contract import Invalid
from router.web.arrival import Arriving
from router.web.form import Form
from router.web.room import Lease, Room
from router.web.sent import HELD, Sent

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"

Fields = dict[str, str | Sent | list[str]]


async def json_of(request: Request[Any, Any, Any]) -> bytes:
    """Return the raw body of a request that says it is JSON. Raises `Invalid`."""
    only(request, JSON)
    return await body_of(request)


async def body_of(request: Request[Any, Any, Any]) -> bytes:
    """Return a body, once it is here. Raises `Invalid`."""
    request.receive = Arriving(request.receive)
    return await request.body()


async def form_of(request: Request[Any, Any, Any], room: Room | None = None) -> Fields:
    """Return the fields of a multipart body: text or a file, and for names that end in `[]` a list of text.

    Files beyond 256 KiB are in that room if they find a place, else on disk, until an `Intake` that owns the form removes
    them; of a form that is refused nothing is left. Raises `Invalid`.
    """
    only(request, FORM)
    boundary = request.content_type[1].get("boundary")
    if not boundary:
        raise Invalid("the Content-Type lacks the form's boundary", code="malformed_request", param="Content-Type")
    async with place_of(request, room) as lease:
        form = Form(lease)
        request.receive = Arriving(request.receive)
        await form.read(request.stream(), boundary)
    try:
        return gathered(form)
    except Invalid:
        form.discard()
        raise


def place_of(request: Request[Any, Any, Any], room: Room | None) -> AbstractAsyncContextManager[Lease | None]:
    """Return what finds a place for all of a body that says how long it is, if it needs one."""
    length = request.headers.get("content-length", "")
    if room is None or not length.isdecimal() or int(length) <= HELD:
        return nullcontext()
    return room.place(int(length))


def gathered(form: Form) -> Fields:
    """Return the parts of a form by name. Raises `Invalid`."""
    values: dict[str, list[str | Sent]] = {}
    for name, content in form.parts:
        values.setdefault(name, []).append(content)
    return {name: _field(name, given) for name, given in values.items()}


def only(request: Request[Any, Any, Any], *kinds: str) -> str:
    """Return the body's content type, which must be one of `kinds`. Raises `Invalid`."""
    kind: str = request.content_type[0]
    if kind not in kinds:
        expected = " or ".join(kinds)
        told = f"not {kind[:100]}" if kind else "and there is none"
        raise Invalid(
            f"the Content-Type must be {expected}, {told}",
            status=415, code="unsupported_media_type", param="Content-Type", limit=expected,
        )  # fmt: skip
    return kind


def _field(name: str, values: Sequence[str | Sent]) -> str | Sent | list[str]:
    texts = [value for value in values if isinstance(value, str)]
    if name.endswith("[]") and len(texts) == len(values):
        return texts
    if len(values) > 1:
        raise Invalid(f"`{name}` is given {len(values)} times", code="duplicate_field", param=name, limit=1)
    return values[0]


def single(fields: Fields, name: str) -> str | Sent | None:
    """Return what a field holds, file or text, where it is given; only names that end in `[]` hold lists."""
    value = fields.get(name)
    return None if isinstance(value, list) else value


def text_only(fields: Fields) -> dict[str, str | list[str]]:
    """Return the fields as text. Raises `Invalid` for a file where text belongs."""
    text: dict[str, str | list[str]] = {}
    for name, value in fields.items():
        if isinstance(value, Sent):
            raise Invalid(f"`{name[:60]}` takes no file", code="wrong_type", param=name[:60])
        text[name] = value
    return text
