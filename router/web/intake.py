"""Media as callers send it (a URL, a data URI, base64 or a file) becomes a `MediaRef` whose type is read off its bytes."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from router.contract import Inline, InPieces, Invalid, MediaRef, Upload, Url
from router.media import USUAL, Probed, plain, sniff
from router.web.sent import HELD, Sent

MEGABYTE: Final = 1024 * 1024
HEAD: Final = 4096
"""Bytes: enough to tell every type that is taken."""
LONGEST_URL: Final = 2048

Probe = Callable[[bytes | Path], Awaitable[Probed]]


class Wanted(msgspec.Struct, frozen=True):
    """What a field of media may hold: `kinds` are type prefixes, `told` says them to a person.

    `code` is the error for anything else, `size` is in bytes, `seconds` bounds audio, None leaves it be.
    """

    kinds: tuple[str, ...]
    told: str
    code: str
    size: int
    seconds: float | None = None


SPOKEN: Final = ("audio/aac", "audio/mp4", "audio/wav", "audio/mpeg", "audio/flac", "audio/ogg", "audio/webm")
FACE: Final = Wanted(
    ("image/png", "image/jpeg", "image/webp"), "PNG, JPEG or WEBP", "invalid_image_format", 10 * MEGABYTE
)
DRIVING: Final = Wanted(SPOKEN, "AAC, WAV, MP3, FLAC or OPUS", "invalid_audio_format", 10 * MEGABYTE, 60.0)
REFERENCE: Final = Wanted(SPOKEN, "AAC, WAV, MP3, FLAC or OPUS", "invalid_audio_format", 10 * MEGABYTE)
RECORDING: Final = Wanted(("audio/", "video/"), "audio, or video with sound", "invalid_audio_format", 25 * MEGABYTE)


class Intake(msgspec.Struct):
    """Takes in one request's media; files it made are removed when the block ends."""

    probe: Probe
    made: list[Path] = []
    _sent: list[Sent] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self.made:
            path.unlink(missing_ok=True)
        for one in self._sent:
            one.discard()

    def own(self, fields: Mapping[str, object]) -> None:
        """Answer for a form's files from now on: what is not taken is removed when the block ends."""
        self._sent += [one for one in fields.values() if isinstance(one, Sent)]

    async def take(self, param: str, given: str | Sent, wanted: Wanted) -> MediaRef:
        """Return a reference to what a field holds. Raises `Invalid`, naming the field and its limit."""
        if isinstance(given, Sent):
            return await self._upload(param, given, wanted)
        if given.startswith(("http://", "https://")):
            return _url(param, given, wanted)
        _fits(param, len(given) * 3 // 4, wanted)
        return await self._inline(param, _inline(param, given, wanted), wanted)

    async def _inline(self, param: str, data: bytes, wanted: Wanted) -> Inline:
        _fits(param, len(data), wanted)
        return Inline(data, *await self._look(param, data, wanted))

    async def _upload(self, param: str, sent: Sent, wanted: Wanted) -> MediaRef:
        _fits(param, sent.size, wanted)
        path = sent.hand_over()
        if path is not None:
            self.made.append(path)
            return Upload(path, sent.size, *await self._look(param, path, wanted))
        told = plain(sent.head(USUAL), sent.size) if sent.size > HELD else None
        if told is None:
            return await self._inline(param, sent.whole, wanted)
        return InPieces(tuple(sent.pieces), *_measured(param, told, wanted))

    async def _look(self, param: str, source: bytes | Path, wanted: Wanted) -> tuple[str, float | None]:
        """Return the media type and, for sound, the seconds: pictures are told here, sound is probed."""
        if wanted is FACE:
            return _accepted(param, sniff(await _head(source)), wanted), None
        try:
            probed = await self.probe(source)
        except Invalid as error:
            raise Invalid(f"`{param}`: {error.message}", code=wanted.code, param=param, limit=wanted.told) from None
        return _measured(param, probed, wanted)


def _measured(param: str, probed: Probed, wanted: Wanted) -> tuple[str, float | None]:
    """Return the media type and the seconds of what was probed. Raises `Invalid` for what is not wanted."""
    if wanted.seconds is not None and probed.seconds is not None and probed.seconds > wanted.seconds:
        raise Invalid(
            f"`{param}` may last {wanted.seconds:g} seconds, not {probed.seconds:.1f}",
            code="audio_too_long", param=param, limit=wanted.seconds,
        )  # fmt: skip
    return _accepted(param, probed.media_type, wanted), probed.seconds


def _fits(param: str, size: int, wanted: Wanted) -> None:
    if size > wanted.size:
        raise Invalid(
            f"`{param}` may have {wanted.size} bytes ({wanted.size // MEGABYTE} MB), not {size}",
            status=413, code="payload_too_large", param=param, limit=wanted.size,
        )  # fmt: skip


def _url(param: str, url: str, wanted: Wanted) -> Url:
    try:
        sound = bool(urlsplit(url).hostname) and len(url) <= LONGEST_URL
    except ValueError:
        sound = False
    if not sound:
        raise Invalid(f"`{param}` is not a usable URL", code="invalid_url", param=param, limit=LONGEST_URL)
    return Url(url, wanted.kinds[0].partition("/")[0])


def _inline(param: str, text: str, wanted: Wanted) -> bytes:
    try:
        if not text.startswith("data:"):
            return b64decode("".join(text.split()), validate=True)
        head, comma, body = text.partition(",")
        if comma and head.endswith(";base64"):
            return b64decode("".join(body.split()), validate=True)
        if comma:
            return unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        pass
    raise Invalid(
        f"`{param}` must be an http(s) URL, a data URI or base64 of {wanted.told}",
        code=wanted.code, param=param, limit=wanted.told,
    )  # fmt: skip


def _accepted(param: str, media_type: str | None, wanted: Wanted) -> str:
    if media_type is None or not media_type.startswith(wanted.kinds):
        raise Invalid(
            f"`{param}` must be {wanted.told}; its content is {media_type or 'none of these'}",
            code=wanted.code, param=param, limit=wanted.told,
        )  # fmt: skip
    return media_type


async def _head(source: bytes | Path) -> bytes:
    return source[:HEAD] if isinstance(source, bytes) else await asyncio.to_thread(_read_head, source)


def _read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
