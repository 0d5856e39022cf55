"""A request as bytes: its head and a short body at once, a long body piece by piece."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from functools import lru_cache
from re import compile as regex
from typing import Final, NamedTuple

import msgspec

from router.contract.wire import Content
from router.engine.wire.address import Origin, located

PIECE: Final = 64 * 1024
"""Bytes. What is longer is sent piece by piece."""
ALWAYS: Final = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "media-router"}
FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where the body ends."""
BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
"""Methods whose requests, having no body, need not say so (RFC 9110, 8.6)."""
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

TOKEN: Final = regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
TEXT: Final = regex(r"[^\x00-\x08\x0a-\x1f\x7f]*")
"""A header's name and its value, as far as they can do no harm (RFC 9110, 5.5 and 5.6.2)."""


class Request(msgspec.Struct, frozen=True):
    """What is sent. `rest` follows `begun` as it is read: `length` bytes of it, or in chunks if that is None."""

    method: str
    origin: Origin
    begun: bytes
    rest: AsyncIterable[bytes] | None = None
    length: int | None = None

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again after a connection broke under it."""
        return self.rest is None and self.method in IDEMPOTENT


class Opening(NamedTuple):
    """What requests have in common that differ by their bodies alone; `announced` is the length their headers give."""

    origin: Origin
    head: bytes
    announced: str | None


def written(method: str, url: str, headers: Mapping[str, str], content: Content) -> Request:
    """Write a request. Raises httpx's error for a URL that leads nowhere, `ValueError` for what is no header."""
    origin, head, announced = opening(method, url, tuple(headers.items()))
    if not isinstance(content, bytes):
        length = None if announced is None else int(announced)
        return Request(method, origin, head + framing(method, length), content, length)
    length = len(content)
    head += framing(method, length)
    if length <= PIECE:
        return Request(method, origin, head + content)
    return Request(method, origin, head, pieces(content), length)


def framing(method: str, length: int | None) -> bytes:
    """Write the end of a head, which says how long the body is, or that nobody knows beforehand."""
    if length is None:
        return b"transfer-encoding: chunked\r\n\r\n"
    return b"content-length: %d\r\n\r\n" % length if length or method not in BODILESS else b"\r\n"


@lru_cache(maxsize=1024)
def opening(method: str, url: str, headers: tuple[tuple[str, str], ...]) -> Opening:
    """Write all of a head but what says where the body ends: it is mostly the same each time.

    The URL's target was quoted when it was taken apart.
    """
    if not TOKEN.fullmatch(method):
        raise ValueError("no method of HTTP")
    address = located(url)
    fields = address.fields | ALWAYS | {name.lower(): text for name, text in headers}
    lines = [field(*one) for one in fields.items() if one[0] not in FRAMING]
    head = f"{method} {address.target} HTTP/1.1\r\n{''.join(lines)}"
    return Opening(address.origin, head.encode(), fields.get("content-length"))


@lru_cache(maxsize=1024)
def field(name: str, text: str) -> str:
    """Write a header; most are the same each time, also where a head as a whole is not."""
    if not (TOKEN.fullmatch(name) and TEXT.fullmatch(text)):
        raise ValueError("no header of HTTP")
    return f"{name}: {text}\r\n"


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """Divide a long body, so that one can see how far it has got."""
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
