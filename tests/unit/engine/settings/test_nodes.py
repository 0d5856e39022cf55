import pytest

from router.engine.settings.nodes import MappingNode, compose, known_tag, place, shown


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
