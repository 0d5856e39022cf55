"""What tells a request that is sent again from another with the same key."""

from hashlib import sha256
from typing import Any, Final

from litestar import Request

MARK: Final = b"\0"
"""What stands for a form's boundary, which clients make anew whenever they send it."""


class Fingerprint:
    """A digest of all that an answer depends on: method, path, query, content type and body, a form's boundary aside."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        kind, given = request.content_type
        boundary = given.get("boundary", "") if kind == "multipart/form-data" else ""
        rest = sorted((name, value) for name, value in given.items() if name != "boundary")
        query = request.scope["query_string"].decode("latin-1")
        asked = (request.method, request.scope["path"], query, kind, rest)
        self._digest = sha256(repr(asked).encode("utf-8", "surrogateescape"))
        self._boundary = boundary.encode("utf-8", "surrogateescape")
        self._held = b""

    def add(self, piece: bytes) -> None:
        """Take in a piece of the body; how it was cut does not matter."""
        if not self._boundary:
            self._digest.update(piece)
            return
        *whole, rest = (self._held + piece).split(self._boundary)
        for part in whole:
            self._digest.update(part + MARK)
        # The end of it may be where a boundary begins.
        sure = max(len(rest) - len(self._boundary) + 1, 0)
        self._digest.update(rest[:sure])
        self._held = rest[sure:]

    def end(self) -> str:
        """Return it, now that the body is complete."""
        self._digest.update(self._held)
        self._held = b""
        return self._digest.hexdigest()
