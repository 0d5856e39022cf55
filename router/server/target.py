"""What a request is for: the target of its first line, taken apart."""

from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from httptools import HttpParserInvalidURLError, parse_url

ROOT: Final = b"/"


class NoTarget(ValueError):
    """A request's target leads nowhere."""


@lru_cache(maxsize=256)
def taken_apart(target: bytes) -> tuple[str, bytes, bytes]:
    """Return the path as ASGI has it, the path as it came, and the query; a few are asked for over and over. Raises `NoTarget`."""
    if target.startswith(ROOT):
        raw, _, query = target.partition(b"?")
    else:
        raw, query = of_proxy(target)
    return path_of(raw), raw, query


def path_of(raw: bytes) -> str:
    """Return a path unquoted. Raises `NoTarget`."""
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise NoTarget("the path is not UTF-8") from None


def of_proxy(target: bytes) -> tuple[bytes, bytes]:
    """Return path and query of the whole URL that callers send who take us for a proxy (RFC 9112, section 3.2.2)."""
    try:
        url = parse_url(target)
    except HttpParserInvalidURLError:
        raise NoTarget("the target is neither a path nor a URL") from None
    return url.path or ROOT, url.query or b""
