"""How an answer over HTTP/1.1 begins."""

import json

import pytest

from router.server.head import CHUNKED, CLOSED, Fields, Refused, checked, head


def test_lines() -> None:
    """A status, and the fields in their order."""
    assert head(200, [(b"a", b"b"), (b"a", b"c: d"), CHUNKED, CLOSED]) == (
        b"HTTP/1.1 200 OK\r\na: b\r\na: c: d\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )


def test_no_fields() -> None:
    """A status that has no phrase, and no fields."""
    assert head(299, []) == b"HTTP/1.1 299 \r\n\r\n"


@pytest.mark.parametrize("field", [(b"a\n", b"b"), (b"a", b"\rb"), (b"a", b"b\r\nc: d"), (b"a", b"\0")])
def test_two_in_one(field: tuple[bytes, bytes]) -> None:
    """A field that is no single line is refused, for either version of HTTP."""
    fields: Fields = [(b"x", b"y"), field]
    with pytest.raises(ValueError, match="line break"):
        head(200, fields)
    with pytest.raises(ValueError, match="line break"):
        checked(fields)


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request_error"), (503, "server_error")])
def test_refusal(status: int, kind: str) -> None:
    """It is an error as OpenAI words it, with its length, ends the connection, and says when to come again if that is of use."""
    first, _, body = Refused(status, "some_code", "Why.").answer().partition(b"\r\n\r\n")
    assert json.loads(body) == {"error": {"message": "Why.", "type": kind, "param": None, "code": "some_code"}}
    assert first.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\ncontent-length: %d\r\n" % len(body) in first
    assert (b"retry-after: 1" in first) == (status == 503)
    assert b"connection: close" in first
