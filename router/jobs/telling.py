"""What is told of a job's request when it ends, kept with the job: seldom does it end in the step that it began in."""

from typing import Final

import msgspec

from router.engine.exchange import Exchange
from router.jobs.record import Job

MOST: Final = 32
"""Attempts that are kept of a job, the latest: one that waits for a busy provider may make many more."""


def noted(job: Job, exchange: Exchange) -> Job:
    """Return the job with what its request's record has come to."""
    return msgspec.structs.replace(
        job,
        route=exchange.route,
        attempts=tuple(exchange.attempts[-MOST:]),
        characters=exchange.characters,
        charges=exchange.settle(),
    )


def recall(exchange: Exchange, job: Job, now: float) -> None:
    """Have a request's record go on with what is known of the job; `now` is in unix time."""
    exchange.started -= now - job.since
    exchange.route = job.route
    exchange.trace = job.trace
    exchange.attempts = list(job.attempts)
    exchange.characters = job.characters
    exchange.charges = list(job.charges)
