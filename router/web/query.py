"""Reading a request's query as strictly as its body."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from litestar import Request

from router.contract import Invalid
from router.web.wire import convert

T = TypeVar("T", bound=msgspec.Struct)


def query_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Return the query as a struct. Raises `Invalid` for a parameter that is unknown, repeated or out of bounds."""
    given = list(request.query_params.multi_items())
    name, times = max(Counter(name for name, _ in given).items(), key=lambda one: one[1], default=("", 0))
    if times > 1:
        raise Invalid(f"`{name[:60]}` is given {times} times", code="duplicate_field", param=name[:60], limit=1)
    return convert(dict(given), kind)


def reasoned(error: Invalid, reasons: Mapping[str, str]) -> Invalid:
    """Say why a field that a vendor knows is not taken here, in place of saying that it is unknown."""
    why = reasons.get(error.param or "") if error.code == "unknown_field" else None
    if why is None:
        return error
    return Invalid(f"`{error.param}` is not taken: {why}", code="unsupported_field", param=error.param)
