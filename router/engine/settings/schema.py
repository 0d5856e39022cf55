"""The JSON schema of the configuration, for editors: made from the structs, corrected where YAML says it otherwise."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from router.engine.settings.accounts import Kinds, accounts_type
from router.engine.settings.durations import PATTERN, written
from router.engine.settings.prices import FORMAT
from router.engine.settings.secrets import REFERENCE, is_secret
from router.engine.settings.tree import Target, Tier, file_type

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Node = dict[str, Any]


def schema(kinds: Kinds) -> Node:
    """Return the schema of a configuration in which these kinds of provider may be used."""
    (root,), parts = msgspec.json.schema_components(
        [file_type(accounts_type(kinds))], ref_template="#/$defs/{name}", schema_hook=lambda _: {"type": "string"}
    )
    made: Node = {"$schema": DIALECT, **root, "$defs": parts}
    plain: Node = msgspec.json.decode(msgspec.json.encode(made))
    for node in list(nodes(plain)):
        correct(node)
    for struct in (Target, Tier):
        plain["$defs"][struct.__name__] = shortened(plain["$defs"][struct.__name__], struct.shorthand)
    return plain


def nodes(tree: Any) -> Iterator[Node]:
    """Yield every mapping in a tree of JSON."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    if isinstance(tree, dict):
        yield tree
    for one in inner:
        yield from nodes(one)


def correct(node: Node) -> None:
    """Make durations text, secrets references, and docstrings one paragraph."""
    if isinstance(node.get("description"), str):
        node["description"] = " ".join(node["description"].split())
    if node.get("pattern") == PATTERN:
        node["type"] = "string"
    if isinstance(node.get("default"), float) and PATTERN in {
        one.get("pattern") for one in (node, *node.get("anyOf", ()))
    }:
        node["default"] = written(node["default"])
    if node.get("format") == FORMAT:
        node["type"] = "number"
    for name, setting in node.get("properties", {}).items():
        for kind in setting.get("anyOf", [setting]):
            if is_secret(name) and kind.get("type") == "string":
                kind["pattern"] = REFERENCE


def shortened(struct: Node, field: str | None) -> Node:
    """Return the schema of a struct that a plain word may stand for."""
    return {
        "description": struct.pop("description", ""),
        "anyOf": [{"type": "string", "description": f"short for `{field}` alone"}, struct],
    }
