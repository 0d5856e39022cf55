"""How an answer over HTTP/1.1 begins."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import msgspec

HEADERS: Final = 128
LONGEST_HEAD: Final = 64 * 1024
"""Bytes. A request's target and headers together."""
Fields = Iterable[tuple[bytes, bytes]]

PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
STATUS_LINES: Final = {code: f"HTTP/1.1 {code} {PHRASES.get(code, '')}\r\n".encode() for code in range(200, 600)}
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED: Final = b"transfer-encoding: chunked\r\n"
CLOSED: Final = b"connection: close\r\n"
FAILED: Final = "the router failed; its log says why"
TOO_LONG: Final = f"a request may have {HEADERS} headers, and {LONGEST_HEAD} bytes of them and its target"


def head(status: int, fields: Fields, framing: bytes) -> bytes:
    """Return a status line, fields, and the lines that say how the body is framed.

    Raises `ValueError` for a field that would be more than one line: whoever chose it could write an answer of his own.
    """
    lines = [STATUS_LINES[status], *[b"%b: %b\r\n" % field for field in fields]]
    text = b"".join(lines)
    if text.count(b"\n") != len(lines) or text.count(b"\r") != len(lines) or b"\0" in text:
        raise ValueError("a field of an answer holds a line break or a null byte")
    return b"%b%b\r\n" % (text, framing)


def told(code: str, message: str, status: int) -> bytes:
    """Return the body that says why what came never becomes a request: OpenAI's, since whose dialect it is nobody can tell yet."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def refusal(status: int, code: str, message: str) -> bytes:
    """Return a whole answer for what never becomes a request; the connection ends with it."""
    body = told(code, message, status)
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        fields.append((b"retry-after", b"1"))
    return head(status, fields, CLOSED) + body


class Refused(Exception):
    """What came is no request that could be served."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = refusal(status, code, message)
