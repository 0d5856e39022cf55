"""Golden cases: what a provider sends upstream, and what it makes of the answer, written down as files.

    <kind>/settings.json          what the YAML says of the account, but for `base_url`
    <kind>/<case>/request.json    {"task": "speech", "request": {…}}: ours; uploads are files of the case
                                  {"task": "avatar", "job": "create", "request": {…}}: by a job, not live
                                  {"job": "poll" or "collect", "id": "…"}: a look at a job, or its film
    <kind>/<case>/upstream.json   {"method", "path", "headers", "json", "form", "body" or none}: what must be sent
    <kind>/<case>/answer.json     {"status", "headers", "json" or "text"}; the body may be in `answer.bin`
    <kind>/<case>/expected.json   {"result": "Speech", "body": "answer.bin", …} or {"error": "Busy", …}

`upstream.json` lists the headers of interest, null for one that must not be there; a form's files are {"file",
"filename", "media_type"}, and `body` is a file. Where the vendor is asked several times, it and `answer.json` are
lists, in order; the body of an answer may be in a `file` of its own, and `{vendor}` in its JSON is the vendor's own
URL. Voices that are written alike are one voice. In `expected.json` every key other than `result`, `error` and
`body` is a field of the result or the error.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from router.contract import (
    AvatarRequest,
    ChatRequest,
    HttpProvider,
    JobOffer,
    LipSync,
    MediaError,
    MediaRef,
    ProviderFailed,
    Request,
    RequestRejected,
    Result,
    Size,
    SpeechRequest,
    Stretch,
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

AVATAR_FIELDS: Final[dict[str, Any]] = {
    "face": MediaRef,
    "key": str,
    "lip_sync": LipSync,
    "model": str,
    "name": str,
    "size": Size | None,
}

CONNECT: Final = 5.0


def cases(root: Path) -> list[Path]:
    """Return the folders under `root` that hold a case, in order."""
    return sorted(one.parent for one in root.rglob("request.json"))


async def replay(folder: Path, kind: type[HttpProvider[Any]]) -> None:
    """Play one case over real sockets and the router's own transport; raise AssertionError where anything differs."""
    expected = listed(read(folder / "upstream.json"))
    async with Vendor() as vendor, transport.client(CONNECT) as client:
        vendor.on("/", *answers_in(folder, vendor.url))
        provider = kind(kind.kind, settings_in(folder.parent, kind, vendor.url), client)
        outcome, body = await outcome_of(asking(provider, folder))
    same(len(vendor.asked), len(expected), "requests sent upstream")
    for asked, one in zip(vendor.asked, expected, strict=True):
        compare_request(asked, one, folder)
    compare_outcome(outcome, body, read(folder / "expected.json"), folder)


def settings_in(folder: Path, kind: type[HttpProvider[Any]], base_url: str) -> Any:
    """Return the account's settings, pointed at `base_url`."""
    return msgspec.convert({**read(folder / "settings.json"), "base_url": base_url}, kind.settings_type)


def asking(provider: HttpProvider[Any], folder: Path) -> Callable[[], Awaitable[Result]]:
    """Return the call that a case makes, for a request only once its offer is seen to take it."""
    said = read(folder / "request.json")
    way = said.get("job")
    offers = [one for one in provider.offers() if isinstance(one, JobOffer) == (way is not None)]
    jobs = [one for one in offers if isinstance(one, JobOffer)]
    if way in {"poll", "collect"}:
        return partial(getattr(jobs[0], way), said["id"])
    request = request_in(folder)
    offer = next((one for one in offers if one.accepts is type(request)), None)
    if offer is None:
        raise AssertionError(f"{provider.kind} offers nothing for a {type(request).__name__}")
    claim((why := offer.limits.why_not(request)) is None, f"the offer declines the request: it {why}")  # type: ignore[arg-type]
    return partial(offer.handle, request)  # type: ignore[arg-type] # `accepts` says that they match


async def outcome_of(ask: Callable[[], Awaitable[Result]]) -> tuple[Result | MediaError, bytes]:
    """Return the result of a call with the bytes that came, or the error it raised."""
    try:
        result = await ask()
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
    elif "json" in expected:
        same(asked.json, expected["json"], "JSON body")
    else:
        same(asked.body, (folder / expected["body"]).read_bytes() if "body" in expected else b"", "body")


def part_of(said: str | dict[str, str], folder: Path) -> Part:
    """Return the form field that `upstream.json` describes."""
    if isinstance(said, str):
        return Part(said.encode())
    return Part((folder / said["file"]).read_bytes(), said["filename"], said["media_type"])


def compare_outcome(outcome: Result | MediaError, body: bytes, expected: dict[str, Any], folder: Path) -> None:
    """Compare what the provider made of the answer with `expected.json`."""
    fields = dict(expected)
    name = fields.pop("result", None) or fields.pop("error")  # a ticket has an `error` of its own
    same(type(outcome).__name__, name, "outcome")
    if "body" in fields:
        same(body, (folder / fields.pop("body")).read_bytes(), "bytes of the result")
    got = {one: getattr(outcome, one) for one in fields}
    same(msgspec.json.decode(msgspec.json.encode(got)), fields, f"fields of {name}")


def answers_in(folder: Path, vendor: str) -> list[Reply]:
    """Return the answers of the upstream, which is at `vendor`, in order."""
    return [answer(one, folder, vendor) for one in listed(read(folder / "answer.json"))]


def answer(said: dict[str, Any], folder: Path, vendor: str) -> Reply:
    """Return one answer."""
    held = folder / said.get("file", "answer.bin")
    body = held.read_bytes() if held.exists() else said.get("text", "").encode()
    if "json" in said:
        body = msgspec.json.encode(said["json"]).replace(b"{vendor}", vendor.encode())
    return Reply(body, said["status"], None, said.get("headers", {}))


def request_in(folder: Path) -> Request:
    """Return our request."""
    said = read(folder / "request.json")
    fields = said["request"]
    if said["task"] != Task.AVATAR:
        request: Request = convert(fields, REQUESTS[Task(said["task"])], folder)
        return request
    made = {
        name: convert(value, AVATAR_FIELDS[name], folder) for name, value in fields.items() if name in AVATAR_FIELDS
    }
    parts = fields.get("stretches", ())
    voices = {str(one): voice_in(one, folder) for one in (fields["voice"], *(part["voice"] for part in parts))}
    stretches = [Stretch(**{**part, "voice": voices[str(part["voice"])]}) for part in parts]
    made |= {"voice": voices[str(fields["voice"])], "stretches": tuple(stretches)}
    return AvatarRequest(**{"size": Size.SQUARE, **made})


def voice_in(said: dict[str, Any], folder: Path) -> MediaRef | SpeechRequest:
    """Return a voice; msgspec cannot tell a SpeechRequest, which has no tag, from media, which has one."""
    voice: MediaRef | SpeechRequest = convert(said, MediaRef if "type" in said else SpeechRequest, folder)
    return voice


def convert(value: Any, wanted: Any, folder: Path) -> Any:
    """Convert plain values into structs; paths are those of files in `folder`."""
    return msgspec.convert(value, wanted, dec_hook=lambda kind, said: folder / said if kind is Path else said)


def listed(said: Any) -> list[Any]:
    """Return what stands alone as a list of one."""
    return said if isinstance(said, list) else [said]


def read(path: Path) -> Any:
    """Return what a JSON file holds."""
    return msgspec.json.decode(path.read_bytes())
