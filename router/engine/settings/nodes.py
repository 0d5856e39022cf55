"""YAML to a tree of nodes that know their line and column. The only module that meets PyYAML.

Plain words mean what YAML 1.2 says they mean: `no` is text, `true` is a truth value, `1:30` is text.
"""

import re
from typing import Final

import yaml
from yaml._yaml import CParser  # its stubs export it from nowhere else
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from router.engine.settings.source import Place

__all__ = [
    "TAG",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "Unreadable",
    "compose",
    "known_tag",
    "place",
    "shown",
]

TAG: Final = "tag:yaml.org,2002:"
TAGS: Final = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
PLAIN: Final = (
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
)
HINTS: Final = (
    ("character '\\t'", "indent with spaces"),
    ("got '{'", "put text that holds braces, such as '${env:NAME}', in quotes"),
    ("mapping values are not allowed", "is a key indented too far, or a text with ': ' not in quotes?"),
)
LONGEST: Final = 40


class Resolver(BaseResolver):
    """Decides what unquoted words mean."""


for _tag, _pattern, _first in PLAIN:
    Resolver.add_implicit_resolver(TAG + _tag, re.compile(f"^{_pattern}$"), _first)


class Loader(Reader, Scanner, Parser, Composer, Resolver):
    """PyYAML up to the node tree; nothing is ever constructed from a tag."""

    def __init__(self, text: bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        Resolver.__init__(self)


class Quick(CParser, Resolver):
    """The same by libyaml, in a tenth of the time. It takes somewhat more, above all tabs between words, which YAML allows."""

    def __init__(self, text: bytes) -> None:
        CParser.__init__(self, text)
        Resolver.__init__(self)


class Unreadable(Exception):
    """The text is not YAML, or not one document of it."""

    def __init__(self, message: str, place: Place, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint


def compose(text: bytes) -> Node | None:
    """Return the document's root, None if there is nothing in it; raise `Unreadable`."""
    try:
        return Quick(text).get_single_node()
    except yaml.YAMLError:
        pass
    try:  # again, for what PyYAML's own says is wrong, and where, is what people know
        return Loader(text).get_single_node()
    except ReaderError as error:
        before = text[: error.position].splitlines(keepends=True) or [b""]
        raise Unreadable(f"not text in UTF-8: {error.reason}", (len(before), len(before[-1]) + 1)) from error
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error) from error


def _unreadable(error: yaml.MarkedYAMLError) -> Unreadable:
    message = error.problem or ""
    if error.context and error.context_mark:
        began = f" that began on line {error.context_mark.line + 1}:" if error.context.startswith("while") else ","
        message = f"{error.context}{began} {message}"
    mark = error.problem_mark
    where = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    hint = next((hint for sign, hint in HINTS if sign in message), "")
    return Unreadable(f"not YAML: {message}", where, hint)


def place(node: Node) -> Place:
    """Return where a node begins."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def known_tag(node: Node) -> str | None:
    """Return what a node is (`str`, `int`, `map`, …), None under a tag that is not YAML's own."""
    tag: str = node.tag
    name = tag.removeprefix(TAG)
    return name if name in TAGS and name != tag else None


def shown(node: Node) -> str:
    """Return how to speak of a node's value in a message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if known_tag(node) == "null":
        return "nothing"
    text = node.value if len(node.value) <= LONGEST else f"{node.value[:LONGEST]}…"
    return repr(text) if known_tag(node) == "str" else text
