"""How many files and connections the router may have open."""

import resource
from contextlib import suppress
from typing import Final

MOST: Final = 131_072
"""What is taken for enough where the system has no limit."""


def open_many() -> int:
    """Allow as many as the system lets us, and return how many. Many systems begin with 1,024, and a stream takes two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says "unlimited", and refuses that
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else min(allowed, MOST)
