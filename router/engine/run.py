"""What is known of one call to one provider, and what its end means."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from router.contract import DeadlinePassed, Next, ProviderFailed, RequestRejected
from router.contract.trace import Trace
from router.engine.billing import Bill
from router.engine.policy import Candidate

OUTRUN: Final = "outrun"
"""The outcome of a call that was cancelled because its rival had settled the request."""
CUT: Final = (asyncio.CancelledError, DeadlinePassed)
"""How a call ends because its request does, whatever the provider would have said."""


class Run(msgspec.Struct, eq=False):
    """One call: whom it asks, when it began and had its slot (clock times), and how it ended.

    `asked` is called once it has its slot; `bill` is there once its provider is asked. A `hedged` one was begun because
    its `rival` was slow; at most one of the two ends well.
    """

    candidate: Candidate
    asked: Callable[[], None] | None = None
    hedged: bool = False
    rival: "Run | None" = None
    began: float | None = None
    reached: float | None = None
    outcome: str = ""
    bill: Bill | None = None
    trace: Trace | None = None


def settles(error: BaseException | None) -> bool:
    """Whether a call's end is its request's too: a good answer, or an error that no other provider mends.

    gRPC calls the others non-fatal (proposal A6): they leave it to the rival of the call.
    """
    if isinstance(error, ProviderFailed):
        return error.next is Next.STOP
    return not isinstance(error, CUT)


def outcome_of(error: BaseException) -> str:
    """Name how an attempt failed, for telemetry: one word of a bounded set."""
    if isinstance(error, ProviderFailed):
        return error.reason
    if isinstance(error, RequestRejected):
        return "rejected"
    return "cancelled" if isinstance(error, CUT) else "defect"
