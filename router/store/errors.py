"""What can go wrong with records, as a caller may see it."""

from typing import Any

from router.contract import MediaError


class RecordsUnavailable(MediaError):
    """The database is unreachable, locked, full or read-only for now; `retry_after` in seconds.

    Whether a write took effect is unknown if the connection broke while it was committed: read, or write again from
    the same epoch, to find out.
    """

    status = 503
    code = "records_unavailable"

    def __init__(self, message: str, *, retry_after: float = 2.0, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after


class MediaUnavailable(MediaError):
    """Media can neither be kept nor read for now, or there is no room; `retry_after` in seconds."""

    status = 503
    code = "storage_failed"

    def __init__(self, message: str, *, retry_after: float = 5.0, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after
