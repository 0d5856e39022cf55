"""The ends of the tree: one scalar node and the type it has to be."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from msgspec import inspect

from router.contract.money import millionths
from router.engine.settings.durations import seconds
from router.engine.settings.nodes import Node, ScalarNode, known_tag, shown
from router.engine.settings.problems import Refused, nearest
from router.engine.settings.secrets import References

TEXT: Final = "text"
NAMES: Final[dict[type[inspect.Type], tuple[str, frozenset[str]]]] = {
    inspect.StrType: (TEXT, frozenset({"str"})),
    inspect.IntType: ("a whole number", frozenset({"int"})),
    inspect.FloatType: ("a number", frozenset({"int", "float"})),
    inspect.BoolType: ("true or false", frozenset({"bool"})),
    inspect.NoneType: ("nothing", frozenset({"null"})),
    inspect.EnumType: (TEXT, frozenset({"str"})),
    inspect.LiteralType: (TEXT, frozenset({"str"})),
    inspect.CustomType: (TEXT, frozenset({"str"})),
    inspect.StructType: ("a mapping", frozenset({"map"})),
    inspect.DictType: ("a mapping", frozenset({"map"})),
    inspect.VarTupleType: ("a list", frozenset({"seq"})),
    inspect.ListType: ("a list", frozenset({"seq"})),
    inspect.SetType: ("a list", frozenset({"seq"})),
    inspect.FrozenSetType: ("a list", frozenset({"seq"})),
}
"""What a type is called in a message, and the nodes it can be read from."""
NUMBERS: Final[tuple[tuple[str, str, Callable[[float, float], bool]], ...]] = (
    ("gt", "more than", lambda number, bound: number > bound),
    ("ge", "at least", lambda number, bound: number >= bound),
    ("lt", "less than", lambda number, bound: number < bound),
    ("le", "at most", lambda number, bound: number <= bound),
)


def bare(kind: inspect.Type) -> inspect.Type:
    """Return a type without what was annotated to it."""
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def annotated(kind: inspect.Type) -> dict[str, Any]:
    """Return what was annotated to a type for us."""
    return (kind.extra or {}) if isinstance(kind, inspect.Metadata) else {}


def is_text(kind: inspect.Type) -> bool:
    """Whether a setting of this type is text, or text that may be absent."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(bare(one), inspect.StrType) for one in kinds)


def fits(node: Node, kind: inspect.Type) -> bool:
    """Whether a node has the right nature for a type, whatever is in it."""
    return known_tag(node) in named(kind)[1]


def named(kind: inspect.Type) -> tuple[str, frozenset[str]]:
    """Return a type's name and nodes; raise `TypeError` for one that YAML has no words for."""
    plain = bare(kind)
    if type(plain) not in NAMES:
        raise TypeError(f"a setting cannot be of {type(plain).__name__}")
    return NAMES[type(plain)]


def read_leaf(node: Node, kind: inspect.Type, references: References) -> Any:
    """Return a scalar's value as `kind`; raise `Refused`."""
    if annotated(kind).get("duration"):
        return duration(node)
    if annotated(kind).get("amount"):
        return amount(node)
    name, _ = named(kind)
    if not isinstance(node, ScalarNode) or not fits(node, kind):
        raise Refused(f"expected {name}, not {shown(node)}", quotes(node, name))
    try:
        return convert(references.resolve(node.value) if name == TEXT else node.value, kind)
    except ValueError as error:
        raise Refused(f"expected {name}, not {shown(node)}") from error


def convert(text: str, kind: inspect.Type) -> Any:
    """Return what a scalar's text says."""
    match bare(kind):
        case inspect.StrType() as limits:
            return checked_text(text, limits, annotated(kind))
        case inspect.IntType() | inspect.FloatType() as limits:
            return checked_number(int(text) if isinstance(limits, inspect.IntType) else float(text), limits)
        case inspect.EnumType(cls=enum):
            return enum(one_of(text, [str(member.value) for member in enum]))
        case inspect.LiteralType(values=values):
            return one_of(text, [str(value) for value in values])
        case inspect.CustomType(cls=cls):
            return cls(text)
    return text.lower() == "true"


def duration(node: Node) -> float:
    """Return the seconds of a duration."""
    length = seconds(node.value) if isinstance(node, ScalarNode) else None
    if length is None:
        raise Refused(f"expected a duration, not {shown(node)}", "write it as 500ms, 1.5s, 2m or 1h")
    return length


def amount(node: Node) -> int:
    """Return the millionths of an amount of money."""
    found = millionths(node.value) if isinstance(node, ScalarNode) else None
    if found is None:
        raise Refused(f"expected an amount, not {shown(node)}", "write it as 15 or 0.006, with at most six decimals")
    return found


def checked_text(text: str, limits: inspect.StrType, told: Mapping[str, Any]) -> str:
    """Return the text if it keeps its limits. What it says is not repeated: it may be a secret."""
    if limits.min_length and len(text) < limits.min_length:
        raise Refused("must not be empty" if not text else f"must have at least {limits.min_length} characters")
    if limits.max_length is not None and len(text) > limits.max_length:
        raise Refused(f"must have at most {limits.max_length} characters, not {len(text)}")
    # Python's `$` would let a newline at the end pass, which the schema's does not.
    pattern = limits.pattern or told.get("pattern")
    if pattern and not re.search(re.sub(r"\$$", r"\\Z", pattern), text):
        raise Refused(f"expected {told['expected']}" if "expected" in told else f"must match {pattern}")
    return text


def checked_number(number: float, limits: inspect.IntType | inspect.FloatType) -> float:
    """Return the number if it is one and within its bounds."""
    if not isfinite(number):
        raise Refused("expected a number that is finite")
    for field, words, holds in NUMBERS:
        bound = getattr(limits, field)
        if bound is not None and not holds(number, bound):
            raise Refused(f"must be {words} {bound:g}, not {number:g}")
    return number


def one_of(text: str, allowed: list[str]) -> str:
    """Return the text if it is one of those allowed."""
    if text not in allowed:
        near = nearest(text, allowed)
        hint = f"did you mean {near!r}?" if near else ""
        raise Refused(f"expected one of {', '.join(allowed)}, not {text!r}", hint)
    return text


def quotes(node: Node, name: str) -> str:
    """Return the advice to quote a word that YAML took for something else."""
    scalar = isinstance(node, ScalarNode) and known_tag(node) in {"int", "float", "bool"}
    return "put it in quotes" if scalar and name == TEXT else ""


def too_short(length: int, kind: inspect.Type) -> str | None:
    """Say what is wrong with a list or a mapping of `length` entries."""
    least: int | None = getattr(kind, "min_length", None)
    if least is None or length >= least:
        return None
    return "must not be empty" if least == 1 else f"must have at least {least} entries, not {length}"
