"""Whether a route keeps its answers."""

from router.engine.settings.branch import Branch
from router.engine.settings.durations import Seconds


class Cache(Branch, frozen=True, kw_only=True):
    """How long what was spoken is kept for others who ask for the same, and whether teams share it: each has its own otherwise."""

    age: Seconds
    shared: bool = False
