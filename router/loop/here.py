"""What there is one of for each event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar


class OfLoop(Protocol):
    """Something that belongs to one loop."""

    loop: asyncio.AbstractEventLoop


T = TypeVar("T", bound=OfLoop)


class Here(threading.local):
    """Holds one for each thread."""

    one: Any = None


def one_per_loop(make: Callable[[asyncio.AbstractEventLoop], T]) -> Callable[[], T]:
    """Return what finds the running loop's own, or makes it.

    Each thread keeps that of its latest loop: one runs there at a time. To ask for the loop itself costs a call of the system
    each time.
    """
    here = Here()

    def find() -> T:
        one: T | None = here.one
        if one is None or not one.loop.is_running():
            one = here.one = make(asyncio.get_running_loop())
        return one

    return find
