from pathlib import Path
from typing import Final

import pytest

from router.engine.settings.nodes import (
    Loader,
    MappingNode,
    Node,
    Quick,
    ScalarNode,
    SequenceNode,
    Unreadable,
    compose,
    known_tag,
    place,
    shown,
)

ROOT: Final = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("no", "str"), ("yes", "str"), ("on", "str"), ("1:30", "str"), ("2024-01-01", "str"), ("0x1f", "str"),
        (".inf", "str"), ("true", "bool"), ("FALSE", "bool"), ("8", "int"), ("-8", "int"), ("1.5", "float"),
        ("1e3", "float"), ("'8'", "str"), ("~", "null"), ("!!str 8", "str"), ("!other 8", None),
        ("!!python/name:os.system", None),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(text: str, tag: str | None) -> None:
    """Norway's `no` and times such as 1:30 stay text, and a tag never makes anything but YAML's own types."""
    node = compose(text.encode())

    assert node is not None
    assert known_tag(node) == tag


def test_places_count_from_one() -> None:
    """A node knows the line and column an editor would show."""
    root = compose(b"a: 1\nbc:\n  - x\n")

    assert isinstance(root, MappingNode)
    assert [place(key) for key, _ in root.value] == [(1, 1), (2, 1)]
    assert place(root.value[1][1].value[0]) == (3, 5)


def test_long_texts_are_not_shown_whole() -> None:
    """A message stays readable whatever was written."""
    node = compose(b"x" * 500)

    assert node is not None
    assert shown(node) == repr("x" * 40 + "…")


def tree_of(node: Node | None) -> object:
    """Return a node as what it is, holds, and where it begins."""
    if node is None or isinstance(node, ScalarNode):
        return node and (node.tag, node.value, place(node))
    if isinstance(node, SequenceNode):
        return node.tag, [tree_of(one) for one in node.value], place(node)
    return node.tag, [(tree_of(key), tree_of(value)) for key, value in node.value], place(node)


@pytest.mark.parametrize(
    "text",
    [
        *(file.read_text() for file in sorted((ROOT / "config").rglob("*.yaml"))),
        "", "# nothing\n", "---\n", "a: b\r\nc:\r\n  - d\r\n", "\ufeffa: b\n", "smile: 😀 \nwide: ü\n😀: {x: 😀, y: z}\n",
        "a: |\n  two\n  lines\n\nb: >-\n  folded\n  text\n", 'a: "x\\n\\u00fc\\\n  y"\nb: \'it\'\'s\'\n', "a: one\n  and two\n",
        "a: &x {k: 1}\nb: *x\n<<: *x\n", "{a: [1, 2.5, ~, true, no], 'b' : c}", "? long\n: short\n", "a:\n- 1\n-  - 2\n", "!!str a: !x b\n",
        "%YAML 1.1\n---\na: ${env:B}\n...\n",
    ],
)  # fmt: skip
def test_both_readers_read_the_same(text: str) -> None:
    """Which of the two has read a file does not show: neither in what it holds nor in where that stands."""
    assert tree_of(Quick(text.encode()).get_single_node()) == tree_of(Loader(text.encode()).get_single_node())


def test_tabs_may_separate_but_not_indent() -> None:
    """What YAML 1.2 allows is read, and what it does not is refused in PyYAML's words, with what to do instead."""
    assert tree_of(compose(b"a:\tb\n")) == tree_of(compose(b"a: b\n"))
    with pytest.raises(Unreadable) as refused:
        compose(b"a:\n\tb: 1\n")
    assert "found character '\\t'" in refused.value.message
    assert refused.value.hint == "indent with spaces"
