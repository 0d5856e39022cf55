"""Golden cases: what a provider sends upstream, and what it makes of the answer, written down as files.

    <kind>/settings.json          what the YAML says of the account, but for `base_url`
    <kind>/<case>/request.json    {"task": "speech", "request": {…}}: ours; uploads are files of the case
    <kind>/<case>/upstream.json   {"method", "path", "headers", "json" or "form"}: what must be sent
    <kind>/<case>/answer.json     {"status", "headers", "json" or "text"}; the body may be in `answer.bin`
    <kind>/<case>/expected.json   {"result": "Speech", "body": "answer.bin", …} or {"error": "Busy", …}

`upstream.json` lists the headers of interest; a form's files are {"file", "filename", "media_type"}. In
`expected.json` every key other than `result`, `error` and `body` is a field of the result or the error.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from router.contract import (
    AvatarRequest,
    ChatRequest,
    HttpProvider,
    MediaError,
    MediaRef,
    ProviderFailed,
    Request,
    RequestRejected,
    Result,
    Size,
    SpeechRequest,
    Task,
    TranscriptionRequest,
)
from router.engine import transport
from router.testing.acts import Reply
from router.testing.claims import claim, same
from router.testing.forms import Part
from router.testing.vendor import Vendor
from router.testing.wire import Asked

REQUESTS: Final[dict[Task, type[Request]]] = {
    Task.SPEECH: SpeechRequest,
    Task.TRANSCRIPTION: TranscriptionRequest,
    Task.AVATAR: AvatarRequest,
    Task.CHAT: ChatRequest,
}

CONNECT: Final = 5.0


def cases(root: Path) -> list[Path]:
    """Return the folders under `root` that hold a case, in order."""
    return sorted(one.parent for one in root.rglob("request.json"))


async def replay(folder: Path, kind: type[HttpProvider[Any]]) -> None:
    """Play one case over real sockets and the router's own transport; raise AssertionError where anything differs."""
    request = request_in(folder)
    async with Vendor(answer_in(folder)) as vendor, transport.client(CONNECT) as client:
        provider = kind(kind.kind, settings_in(folder.parent, kind, vendor.url), client)
        outcome, body = await outcome_of(provider, request)
    same(len(vendor.asked), 1, "requests sent upstream")
    compare_request(vendor.asked[0], read(folder / "upstream.json"), folder)
    compare_outcome(outcome, body, read(folder / "expected.json"), folder)


def settings_in(folder: Path, kind: type[HttpProvider[Any]], base_url: str) -> Any:
    """Return the account's settings, pointed at `base_url`."""
    return msgspec.convert({**read(folder / "settings.json"), "base_url": base_url}, kind.settings_type)


async def outcome_of(provider: HttpProvider[Any], request: Request) -> tuple[Result | MediaError, bytes]:
    """Ask the provider; return its result with the bytes that came, or the error it raised."""
    offer = next((one for one in provider.offers() if one.accepts is type(request)), None)
    if offer is None:
        raise AssertionError(f"{provider.kind} offers nothing for a {type(request).__name__}")
    claim((why := offer.limits.why_not(request)) is None, f"the offer declines the request: it {why}")  # type: ignore[arg-type]
    try:
        result = await offer.handle(request)  # type: ignore[arg-type]
        return result, await drained(result)
    except (ProviderFailed, RequestRejected) as error:
        return error, b""


async def drained(result: Result) -> bytes:
    """Read a result's stream to its end and close it; results that have none are empty."""
    chunks = getattr(result, "chunks", None)
    if chunks is None:
        return b""
    try:
        return b"".join([chunk async for chunk in chunks])
    finally:
        await chunks.aclose()


def compare_request(asked: Asked, expected: dict[str, Any], folder: Path) -> None:
    """Compare what was sent upstream with `upstream.json`."""
    same(f"{asked.method} {asked.path}", f"{expected['method']} {expected['path']}", "request line")
    for name, text in expected.get("headers", {}).items():
        same(asked.headers.get(name), text, f"header {name}")
    if "form" in expected:
        same(asked.form, {name: part_of(one, folder) for name, one in expected["form"].items()}, "form")
    else:
        same(asked.json, expected["json"], "JSON body")


def part_of(said: str | dict[str, str], folder: Path) -> Part:
    """Return the form field that `upstream.json` describes."""
    if isinstance(said, str):
        return Part(said.encode())
    return Part((folder / said["file"]).read_bytes(), said["filename"], said["media_type"])


def compare_outcome(outcome: Result | MediaError, body: bytes, expected: dict[str, Any], folder: Path) -> None:
    """Compare what the provider made of the answer with `expected.json`."""
    fields = dict(expected)
    name = fields.pop("error", None) or fields.pop("result")
    same(type(outcome).__name__, name, "outcome")
    if "body" in fields:
        same(body, (folder / fields.pop("body")).read_bytes(), "bytes of the result")
    same({one: msgspec.to_builtins(getattr(outcome, one)) for one in fields}, fields, f"fields of {name}")


def answer_in(folder: Path) -> Reply:
    """Return the upstream's answer."""
    said = read(folder / "answer.json")
    held = folder / "answer.bin"
    body = held.read_bytes() if held.exists() else said.get("text", "").encode()
    if "json" in said:
        body = msgspec.json.encode(said["json"])
    return Reply(body, said["status"], None, said.get("headers", {}))


def request_in(folder: Path) -> Request:
    """Return our request."""
    said = read(folder / "request.json")
    fields = said["request"]
    if said["task"] != Task.AVATAR:
        request: Request = convert(fields, REQUESTS[Task(said["task"])], folder)
        return request
    # msgspec cannot tell a SpeechRequest, which has no tag, from the media references, which have one.
    voice = convert(fields["voice"], MediaRef if "type" in fields["voice"] else SpeechRequest, folder)
    face = convert(fields["face"], MediaRef, folder)
    return AvatarRequest(face=face, voice=voice, model=fields.get("model"), size=Size(fields.get("size", Size.SQUARE)))


def convert(value: Any, wanted: Any, folder: Path) -> Any:
    """Convert plain values into structs; paths are those of files in `folder`."""
    return msgspec.convert(value, wanted, dec_hook=lambda _, text: folder / text)


def read(path: Path) -> Any:
    """Return what a JSON file holds."""
    return msgspec.json.decode(path.read_bytes())
