"""A vendor's generated types, made strict: Fern's own let everything pass, so that an SDK survives a newer API."""

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo
from sync.core.serialization import FieldMetadata

STRICT: Final = pydantic.ConfigDict(extra="forbid", strict=True)


@cache
def validator(annotation: Any) -> pydantic.TypeAdapter[Any]:
    """Return what checks JSON against a type of the SDK, strictly."""
    return pydantic.TypeAdapter(strictly(annotation))


@cache
def strictly(annotation: Any) -> Any:
    """Return a type without its leniencies: unknown fields, coerced values and open enumerations are refused."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        closed = any(get_origin(one) is Literal for one in inner)
        return Union[tuple(strictly(one) for one in inner if not (closed and one is Any))]  # noqa: UP007 - made at run time
    if origin is list:
        return list[strictly(inner[0])]  # type: ignore[misc] # made at run time
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        fields = {name: on_the_wire(name, one) for name, one in annotation.model_fields.items()}
        return pydantic.create_model(annotation.__name__, __config__=STRICT, **fields)  # type: ignore[call-overload] # made at run time
    return annotation


def on_the_wire(name: str, field: FieldInfo) -> tuple[Any, Any]:
    """Return a field under the name it has in JSON; one that tells alternatives apart has to be there."""
    alias = next((one.alias for one in field.metadata if isinstance(one, FieldMetadata)), name)
    annotation = strictly(field.annotation)  # type: ignore[arg-type] # types can be hashed
    needed = field.is_required() or get_origin(annotation) is Literal
    return annotation, pydantic.Field(alias=alias) if needed else pydantic.Field(alias=alias, default=None)


def errors(annotation: Any, content: bytes) -> Mapping[str, str]:
    """Return what is wrong with JSON of that type: each complaint by the place it is about."""
    try:
        validator(annotation).validate_json(content)
    except pydantic.ValidationError as wrong:
        return {".".join(map(str, one["loc"])): one["msg"] for one in wrong.errors()}
    return {}
