"""What the engine is about: one request on one route, and within what bounds."""

from collections.abc import Awaitable, Callable

import msgspec

from router.contract import Request
from router.engine.exchange import Exchange
from router.engine.policy import Candidate
from router.engine.settings import Route

Arrange = Callable[[tuple[Candidate, ...]], tuple[Candidate, ...]]
Before = Callable[[Candidate | None], Awaitable[None]]


class Errand(msgspec.Struct, frozen=True):
    """A request to be served: on whose behalf, by which clock time, with how many attempts.

    The rest is for the parts of a spliced text: `arrange` puts the candidates in another order or leaves some out, a
    `native` answer stays in its provider's format, and `resumes` says that a stream broke in the middle of it before.
    An order that is paid for has a `before`: it is called with each candidate before that
    is asked, and with None once it is certain that nothing was taken there.
    """

    request: Request
    route: Route
    exchange: Exchange
    deadline: float
    attempts: int
    arrange: Arrange = tuple
    native: bool = False
    resumes: bool = False
    before: Before | None = None
