"""Bytes as they come, or as they are held."""

from collections.abc import AsyncIterator, Awaitable, Callable
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


Into = Callable[[bytes], bool]
"""Takes a piece, or does not (`False`): then whoever has it keeps it, to be asked for it."""
Pour = Callable[[Into], Awaitable[None]]
"""Hands pieces on as they come, and returns once its stream has to be asked for the next one, or for its end."""


def pour_of(stream: ByteStream) -> Pour | None:
    """Return a stream's own way (`pour`) to hand on what comes without waking its reader for each piece, if it has one.

    It spares a stream of fifty pieces a second a tenth of what each costs. No stream needs to have it.
    """
    return getattr(stream, "pour", None)


def seen(see: Callable[[bytes], object], into: Into) -> Into:
    """Return what shows `see` each piece that `into` has taken."""

    def take(piece: bytes) -> bool:
        taken = into(piece)
        if taken:
            see(piece)
        return taken

    return take


class Held:
    """Bytes that are all there, as a stream."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._content:
            yield self._content

    async def aclose(self) -> None:
        """Nothing is held open."""
