"""From bytes to a dialect's struct, once, by msgspec; and from msgspec's complaints to errors a caller can act on."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from re import compile as regex
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from router.contract import Invalid

T = TypeVar("T", bound=msgspec.Struct)

PLACE: Final = regex(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$")
NAMED: Final = regex(r"^Object (?P<how>contains unknown|missing required) field `(?P<name>.*)`$")
BOUND: Final = regex(r"^Expected `\w+` (?P<how><=|>=|<|>) (?P<limit>-?[\d.]+)$")
TYPED: Final = regex(r"^Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`$")
CHOICE: Final = regex(r"^Invalid (?:enum )?value (?P<got>.*)$")
POSITION: Final = regex(r"\(byte (\d+)\)")
LONGEST_ECHO: Final = 60


def decode(body: bytes, kind: type[T], where: str = "") -> T:
    """Decode JSON strictly: no unknown field, no coerced type. `where` is the field that holds it, if one does.

    Raises `Invalid`, naming the field and what it may be, or the position at which the JSON breaks.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise complaint(str(error), kind, where) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(str(error), len(body), where) from None


def convert(fields: Mapping[str, Any], kind: type[T]) -> T:
    """Turn a form's fields, which are text, into a struct; numbers are read from their spelling."""
    try:
        return msgspec.convert(fields, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise complaint(str(error), kind) from None


def complaint(text: str, kind: type[msgspec.Struct], where: str = "") -> Invalid:
    """Turn msgspec's complaint about a `kind` into an error that names field, limit and choices."""
    place = PLACE.match(text)
    what, path = (place["what"], place["path"] or "") if place else (text, "")
    param = ".".join(part for part in (where, path) if part)
    if told := NAMED.match(what):
        return _misnamed(
            told["name"][:LONGEST_ECHO], unknown="unknown" in told["how"], among=_names(kind, path), within=param
        )
    if told := BOUND.match(what):
        limit = float(told["limit"])
        bound = int(limit) if limit.is_integer() else limit
        return Invalid(f"`{param}` must be {told['how']} {bound}", code="out_of_range", param=param, limit=bound)
    if told := CHOICE.match(what):
        choices = ", ".join(_choices(kind, path) or _tags(kind, path))
        got = told["got"][:LONGEST_ECHO]
        return Invalid(
            f"`{param}` must be one of {choices}, not {got}", code="invalid_value", param=param, limit=choices
        )
    if told := TYPED.match(what):
        subject = f"`{param}`" if param else "the body"
        want = told["want"].replace(" | ", " or ")
        return Invalid(
            f"{subject} must be {want}, not {told['got']}", code="wrong_type", param=param or None, limit=want
        )
    return Invalid(f"`{param}`: {what}", code="invalid_value", param=param or None)


def _misnamed(name: str, *, unknown: bool, among: list[str], within: str) -> Invalid:
    param = f"{within}.{name}" if within else name
    if not unknown:
        return Invalid(f"`{param}` is required", code="missing_field", param=param)
    close = get_close_matches(name, among, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else f"; the fields are {', '.join(among)}"
    return Invalid(f"unknown field `{param}`{hint}", code="unknown_field", param=param)


def _malformed(text: str, size: int, where: str) -> Invalid:
    subject = f"`{where}`" if where else "the body"
    if size == 0:
        return Invalid(f"{subject} is empty; a JSON object was expected", code="malformed_json", param=where or None)
    position = found[1] if (found := POSITION.search(text)) else None
    if position is not None:
        reason = text.removeprefix("JSON is malformed: ").partition(" (byte")[0]
        told = f"{reason}, at byte {position}"
    else:
        told = f"it ends or breaks within its {size} bytes"
    return Invalid(f"{subject} is not valid JSON: {told}", code="malformed_json", param=where or None)


def _names(kind: type[msgspec.Struct], path: str) -> list[str]:
    return [field.encode_name for at in _types(kind, path) if isinstance(at, inspect.StructType) for field in at.fields]


def _choices(kind: type[msgspec.Struct], path: str) -> list[str]:
    return [str(member.value) for at in _types(kind, path) if isinstance(at, inspect.EnumType) for member in at.cls]


def _tags(kind: type[msgspec.Struct], path: str) -> list[str]:
    """Return what the tag of a union may be; the path leads to the tag itself."""
    within = _types(kind, path.rpartition(".")[0])
    return [str(at.tag) for at in within if isinstance(at, inspect.StructType) and at.tag is not None]


def _types(kind: type[msgspec.Struct], path: str) -> list[inspect.Type]:
    """Return the types a path may hold; `[0]` steps into a list."""
    found = list(_flat(inspect.type_info(kind)))
    for name in (part.partition("[")[0] for part in path.split(".") if part):
        fields = (field for at in found if isinstance(at, inspect.StructType) for field in at.fields)
        found = [one for field in fields if field.encode_name.partition("[")[0] == name for one in _flat(field.type)]
    return found


def _flat(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _flat(one)
    elif isinstance(kind, inspect.CollectionType):
        yield from _flat(kind.item_type)
    else:
        yield kind
