"""Reading a request's body: the right content type or an error that says which."""

from typing import Any, Final

from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.types import Receive

from router.contract import Invalid

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
CUT_SHORT: Final = {"type": "http.request", "body": b"", "more_body": False}

Fields = dict[str, str | UploadFile | list[str]]


async def json_of(request: Request[Any, Any, Any]) -> bytes:
    """Return the raw body of a request that says it is JSON. Raises `Invalid`."""
    only(request, JSON)
    return await request.body()


async def form_of(request: Request[Any, Any, Any]) -> Fields:
    """Return the fields of a multipart body: text or a file, and for names that end in `[]` a list of text.

    Files beyond 1 MiB are on disk; litestar closes them once the answer has been sent. Raises `Invalid`.
    """
    only(request, FORM)
    request.receive = ending(request.receive)
    try:
        form = await request.form()
    except (UnicodeError, LookupError):
        raise Invalid("a text field of the form is not in the character set it claims", code="malformed_form") from None
    return {name: _field(name, form) for name in form}


def ending(receive: Receive) -> Receive:
    """Let a body end where its caller left: litestar closes the files of a form cut short, but not of one broken off."""

    async def received() -> Any:
        message = await receive()
        return CUT_SHORT if message["type"] == "http.disconnect" else message

    return received


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


def _field(name: str, form: FormMultiDict) -> str | UploadFile | list[str]:
    values: list[Any] = form.getall(name)
    if name.endswith("[]") and all(isinstance(value, str) for value in values):
        return values
    if len(values) > 1:
        raise Invalid(f"`{name}` is given {len(values)} times", code="duplicate_field", param=name, limit=1)
    value: str | UploadFile = values[0]
    return value


def single(fields: Fields, name: str) -> str | UploadFile | None:
    """Return what a field holds, file or text, where it is given; only names that end in `[]` hold lists."""
    value = fields.get(name)
    return None if isinstance(value, list) else value


def text_only(fields: Fields) -> dict[str, str | list[str]]:
    """Return the fields as text. Raises `Invalid` for a file where text belongs."""
    text: dict[str, str | list[str]] = {}
    for name, value in fields.items():
        if isinstance(value, UploadFile):
            raise Invalid(f"`{name[:60]}` takes no file", code="wrong_type", param=name[:60])
        text[name] = value
    return text
