"""Reads a node tree along the types of the structs, and goes on after a fault so as to find them all."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import inspect

from router.engine.settings import leaves
from router.engine.settings.branch import Branch
from router.engine.settings.nodes import TAG, MappingNode, Node, ScalarNode, SequenceNode, known_tag, place, shown
from router.engine.settings.problems import Path, Problem, Refused, nearest, rendered, suggestion
from router.engine.settings.secrets import References, is_reference, is_secret
from router.engine.settings.source import Place, Source

Unavailable = Mapping[str, tuple[str, str]]
"""Kinds that were asked for but cannot be had: why, and what to do about it."""
Sequence = inspect.VarTupleType | inspect.ListType | inspect.SetType | inspect.FrozenSetType
NOTHING = inspect.NoneType()


class Walk:
    """One reading of one file. Where something is wrong it notes a problem and goes on with a stand-in.

    Parts of the router's own tree (`Branch`) are built even then, for the cross checks to look at; the
    settings of a kind are built only from what is right. Once there are `problems` the result is void.
    """

    def __init__(self, file: str, references: References, unavailable: Unavailable) -> None:
        self.places: dict[Path, Place] = {}
        self.source = Source(file, self.places)
        self.references = references
        self.unavailable = unavailable
        self.problems: list[Problem] = []

    def read(self, node: Node, kind: inspect.Type, path: Path) -> Any:
        """Return the value of a node as `kind`."""
        self.places[path] = place(node)
        if known_tag(node) is None:
            self._wrong(path, f"the tag {node.tag!r} is not supported", "leave it out")
            return stand_in(kind)
        plain = leaves.bare(kind)
        match plain:
            case inspect.UnionType():
                return self._union(node, plain, path)
            case inspect.StructType():
                return self._struct_or_tagged(node, plain, path)
            case inspect.DictType():
                return self._dict(node, plain, path)
        if isinstance(plain, Sequence):
            return self._sequence(node, plain, path)
        return self._leaf(node, kind, path)

    def _union(self, node: Node, union: inspect.UnionType, path: Path) -> Any:
        tagged = {one.tag: one for one in union.types if isinstance(one, inspect.StructType) and one.tag_field}
        if tagged:
            return self._tagged(node, tagged, path)
        fitting = (one for one in union.types if leaves.fits(node, one))
        chosen = next(fitting, next(one for one in union.types if one != NOTHING))
        return None if chosen == NOTHING else self.read(node, chosen, path)

    def _struct_or_tagged(self, node: Node, struct: inspect.StructType, path: Path) -> Any:
        if struct.tag_field:
            return self._tagged(node, {struct.tag: struct}, path)
        return self._struct(_spelt_out(node, struct), struct, path)

    def _tagged(self, node: Node, structs: Mapping[Any, inspect.StructType], path: Path) -> Any:
        """Read the one of several structs that a key of the mapping names."""
        field = next(iter(structs.values())).tag_field or ""
        if not isinstance(node, MappingNode):
            return self._expected(path, "a mapping", node)
        key = next((value for key, value in node.value if key.value == field), None)
        if key is None:
            self._entries(node, path)
            return self._wrong(path, f"missing key {field!r}", f"allowed: {', '.join(structs)}")
        struct = structs.get(key.value) if isinstance(key, ScalarNode) else None
        if struct is not None:
            return self._struct(node, struct, path)
        self.places[*path, field] = place(key)
        if not isinstance(key, ScalarNode):
            return self._expected((*path, field), "text", key)
        if key.value in self.unavailable:
            reason, fix = self.unavailable[key.value]
            return self._wrong((*path, field), f"{field} {key.value!r} is not available: {reason}", fix)
        return self._wrong((*path, field), f"unknown {field} {key.value!r}", suggestion(key.value, structs))

    def _struct(self, node: Node, struct: inspect.StructType, path: Path) -> Any:
        if not isinstance(node, MappingNode):
            self._expected(path, "a mapping", node)
            return stand_in(struct)
        before = len(self.problems)
        fields = {field.encode_name: field for field in struct.fields}
        given = self._entries(node, path)
        values = {}
        for key, (_, value) in given.items():
            if key in fields:
                values[fields[key].name] = self._field(value, fields[key], (*path, key))
            elif key != struct.tag_field:
                self._wrong((*path, key), f"unknown key {key!r}", suggestion(key, fields))
        misspelt = {nearest(key, fields) for key in given.keys() - fields.keys()}
        for key, field in fields.items():
            if field.required and key not in given:
                values[field.name] = stand_in(field.type)
                if key not in misspelt:
                    self._wrong(path, f"missing key {key!r}")
        if len(self.problems) > before and not issubclass(struct.cls, Branch):
            return None
        return self.build(struct.cls, values, path)

    def build(self, cls: type[Any], values: Mapping[str, Any], path: Path) -> Any:
        """Return a struct of read values; what its own checks (`__post_init__`) refuse is a problem."""
        try:
            return cls(**values)
        except (ValueError, TypeError) as error:
            return self._wrong(path, str(error))

    def _field(self, node: Node, field: inspect.Field, path: Path) -> Any:
        if is_secret(field.encode_name) and leaves.is_text(field.type) and not _is_reference_or_nothing(node):
            self.places[path] = place(node)
            variable = "_".join(map(str, path[-2:])).upper().replace("-", "_")
            return self._wrong(
                path, "a secret must not be written here", f"write '${{env:{variable}}}' or '${{file:/path}}'"
            )
        return self.read(node, field.type, path)

    def _dict(self, node: Node, mapping: inspect.DictType, path: Path) -> Mapping[Any, Any]:
        if not isinstance(node, MappingNode):
            self._expected(path, "a mapping", node)
            return {}
        entries = self._entries(node, path)
        self._measure(len(entries), mapping, path)
        values = {key: self.read(value, mapping.value_type, (*path, key)) for key, (_, value) in entries.items()}
        for key, (key_node, _) in entries.items():
            self.read(key_node, mapping.key_type, (*path, key))
        return MappingProxyType(values)

    def _sequence(self, node: Node, sequence: Sequence, path: Path) -> Any:
        if not isinstance(node, SequenceNode):
            self._expected(path, "a list", node)
            return ()
        self._measure(len(node.value), sequence, path)
        values = [self.read(item, sequence.item_type, (*path, index)) for index, item in enumerate(node.value)]
        return frozenset(values) if isinstance(sequence, inspect.SetType | inspect.FrozenSetType) else tuple(values)

    def _leaf(self, node: Node, kind: inspect.Type, path: Path) -> Any:
        try:
            return leaves.read_leaf(node, kind, self.references)
        except Refused as refused:
            return self._wrong(path, refused.message, refused.hint)

    def _entries(self, node: MappingNode, path: Path) -> dict[str, tuple[Node, Node]]:
        """Return a mapping's keys and values by the keys' text; a key may be given once."""
        entries: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._note(path, place(key), f"expected text as a key, not {shown(key)}")
            elif key.value == "<<":
                self._note(path, place(key), "merge keys ('<<') are not supported", "repeat the keys")
            elif key.value in entries:
                line, _ = place(entries[key.value][0])
                self._note(
                    (*path, key.value), place(key), f"key {key.value!r} is given twice", f"the first is on line {line}"
                )
            else:
                entries[key.value] = key, value
                self.places[*path, key.value] = place(key)
        return entries

    def _measure(self, length: int, kind: inspect.Type, path: Path) -> None:
        if message := leaves.too_short(length, kind):
            self._wrong(path, message)

    def _expected(self, path: Path, what: str, node: Node) -> None:
        self._wrong(path, f"expected {what}, not {shown(node)}")

    def _wrong(self, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(self.source.problem(path, message, hint))

    def _note(self, path: Path, where: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.source.file, *where, rendered(path), message, hint))


def _is_reference_or_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and (is_reference(node.value) or known_tag(node) == "null")


def _spelt_out(node: Node, struct: inspect.StructType) -> Node:
    """Return what a plain word is short for, where a struct has a shorthand."""
    short: str | None = getattr(struct.cls, "shorthand", None)
    if short is None or not isinstance(node, ScalarNode):
        return node
    field = next(field for field in struct.fields if field.name == short)
    begin, end = node.start_mark, node.end_mark
    value: Node = node
    if isinstance(leaves.bare(field.type), Sequence):
        value = SequenceNode(f"{TAG}seq", [node], begin, end)
    return MappingNode(f"{TAG}map", [(ScalarNode(f"{TAG}str", short, begin, end), value)], begin, end)


def stand_in(kind: inspect.Type) -> Any:
    """Return something harmless in place of what is missing."""
    match leaves.bare(kind):
        case inspect.StructType(cls=cls, fields=fields) if issubclass(cls, Branch):
            return cls(**{field.name: stand_in(field.type) for field in fields if field.required})
        case inspect.DictType():
            return {}
        case one if isinstance(one, Sequence):
            return ()
    return None
