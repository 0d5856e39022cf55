"""How an answer over HTTP/1.1 begins."""

from http import HTTPStatus
from typing import Final

import msgspec

HEADERS: Final = 128
LONGEST_HEAD: Final = 64 * 1024
"""Bytes. A request's target and headers together."""
UNFIT: Final = b"\r\n\0"
"""What no field may hold."""
BROKEN: Final = "a field of an answer holds a line break or a null byte"
Fields = list[tuple[bytes, bytes]]

PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
STATUS_LINES: Final = {code: f"HTTP/1.1 {code} {PHRASES.get(code, '')}".encode() for code in range(200, 600)}
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED: Final = (b"transfer-encoding", b"chunked")
CLOSED: Final = (b"connection", b"close")


def head(status: int, fields: Fields) -> bytes:
    """Return a status line, fields, and the empty line after them.

    Raises `ValueError` for a status that is none, and for a field that would be more than one line: whoever chose that could
    write an answer of his own.
    """
    if status not in STATUS_LINES:
        raise ValueError(f"{status} is no status of an answer")
    lines = [STATUS_LINES[status], *map(b": ".join, fields), b"\r\n"]
    text = b"\r\n".join(lines)
    if len(text) - len(text.translate(None, UNFIT)) != 2 * len(lines):
        raise ValueError(BROKEN)
    return text


def checked(fields: Fields) -> Fields:
    """Return fields that are one line each: HTTP/2 could carry others, but who passes them on may not. Raises `ValueError`."""
    text = b"".join(map(b"".join, fields))
    if len(text) != len(text.translate(None, UNFIT)):
        raise ValueError(BROKEN)
    return fields


class Refused(Exception):
    """What came is no request that could be served.

    The answer is OpenAI's, since whose dialect it is nobody can tell yet.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        error = {"message": message, "type": kind, "param": None, "code": code}
        self.status = status
        self.body = msgspec.json.encode({"error": error})
        self.fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.fields.append((b"retry-after", b"1"))

    def answer(self) -> bytes:
        """Return the whole answer over HTTP/1.1, with which the connection ends."""
        return head(self.status, [*self.fields, CLOSED]) + self.body


def failed() -> Refused:
    """Return what a request is answered with for which the application has no answer."""
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "the router failed; its log says why")
