"""Who runs on which core: a contestant has one for itself, the vendor and the callers share the others."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Cores = frozenset[int]


class TooFew(Exception):
    """A machine with one core: contestant, vendor and callers would only wait for one another."""


@dataclass(frozen=True)
class Places:
    """The cores of each part. With fewer than four, vendor and callers share what is left."""

    contestant: Cores
    vendor: Cores
    callers: Cores

    @classmethod
    def among(cls, cores: Sequence[int]) -> "Places":
        """Share out the cores, of which there must be two. Raises `TooFew`."""
        if len(cores) < 2:
            raise TooFew("a contestant needs a core to itself, and there is only one")
        first, *others = sorted(cores)
        vendor, callers = others[:1], others[1:] or others
        return cls(Cores({first}), Cores(vendor), Cores(callers))

    @classmethod
    def here(cls) -> "Places":
        """Share out the cores that this process may use. Raises `TooFew`."""
        return cls.among(sorted(os.sched_getaffinity(0)))


@contextmanager
def pinned(cores: Cores) -> Iterator[None]:
    """Hold this thread, and whatever it starts meanwhile, to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
