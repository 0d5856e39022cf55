"""Reading a request's query as strictly as its body."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from re import compile as regex
from typing import Any, Final, TypeVar, get_origin

import msgspec
from litestar import Request

from router.contract import Invalid
from router.web.wire import convert

T = TypeVar("T", bound=msgspec.Struct)

PLACE: Final = regex(r"\[\d+\]")


def query_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Return the query as a struct, lists being separated by commas or given one by one.

    Raises `Invalid` for a parameter that is unknown, repeated or out of bounds.
    """
    given = request.query_params.dict()
    lists = {field.encode_name for field in msgspec.structs.fields(kind) if get_origin(field.type) is tuple}
    fields: dict[str, Any] = {}
    for name, values in given.items():
        if name in lists:
            fields[name] = [part for value in values for part in value.split(",") if part]
        elif len(values) > 1:
            raise Invalid(
                f"`{name[:60]}` is given {len(values)} times", code="duplicate_field", param=name[:60], limit=1
            )
        else:
            fields[name] = values[0]
    return convert(fields, kind)


@contextmanager
def explaining(reasons: Mapping[str, str]) -> Iterator[None]:
    """Say why a field that a vendor knows is not taken here, in place of saying that it is unknown.

    `reasons` are by the field's path, with `[]` for any place in a list.
    """
    try:
        yield
    except Invalid as error:
        why = reasons.get(PLACE.sub("[]", error.param or "")) if error.code == "unknown_field" else None
        if why is None:
            raise
        told = f"`{error.param}` is not taken: {why}"
        raise Invalid(told, code="unsupported_field", param=error.param) from None
