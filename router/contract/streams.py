"""Bytes as they come, or as they are held."""

from collections.abc import AsyncIterator
from typing import Protocol


class ByteStream(Protocol):
    """Bytes as they come. `aclose` releases what produces them, whether or not they were read."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Release what produces the bytes; safe to call twice."""


def is_over(stream: ByteStream) -> bool:
    """Whether a stream says (`over`) that it has handed on all it had and came to a good end: it need not be asked again.

    No stream has to say so. It lets the end of an answer go out with its last bytes.
    """
    return getattr(stream, "over", False)


class Held:
    """Bytes that are all there, as a stream."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._content:
            yield self._content

    async def aclose(self) -> None:
        """Nothing is held open."""
