"""How many files and connections the router may have open."""

import resource
from contextlib import suppress


def open_many() -> None:
    """Allow as many as the system lets us. Many systems begin with 1,024, and a stream takes two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says "unlimited", and refuses that
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
