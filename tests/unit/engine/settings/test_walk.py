from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from router.engine.settings.nodes import compose
from router.engine.settings.secrets import References
from router.engine.settings.walk import Walk


class Inner(msgspec.Struct, frozen=True, rename={"size": "how-big"}):
    size: int = 1


class Outer(msgspec.Struct, frozen=True):
    inner: Inner = Inner()
    either: int | str | None = None
    many: Annotated[list[int], msgspec.Meta(min_length=2)] | None = None
    by_name: dict[str, Inner] = {}
    short: Annotated[str, msgspec.Meta(min_length=2, max_length=4)] = "ab"
    token: str | None = None


class Odd(msgspec.Struct, frozen=True):
    whatever: bytes = b""


def walked(text: str, struct: type[msgspec.Struct] = Outer) -> tuple[Any, list[str]]:
    walk = Walk("t", References({}, Path(), lambda _: ""), {})
    root = compose(text.encode())
    assert root is not None
    value = walk.read(root, msgspec.inspect.type_info(struct), ())
    return value, [str(problem) for problem in walk.problems]


def test_structs_nest_and_their_fields_may_be_renamed() -> None:
    """Nested structs, mappings of structs and renamed fields are read as their types say."""
    value, problems = walked("{inner: {how-big: 3}, by_name: {a: {how-big: 4}}}")

    assert (value, problems) == (Outer(inner=Inner(3), by_name={"a": Inner(4)}), [])


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("three", "three"), ("~", None), ("", None)])
def test_of_several_types_the_fitting_one_is_read(text: str, value: Any) -> None:
    """A union takes whichever of its types the word is."""
    assert walked(f"either: {text}") == (Outer(either=value), [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("many: [1]", "t:1:7: many: must have at least 2 entries, not 1"),
        ("many: [1, two]", "t:1:11: many[1]: expected a whole number, not 'two'"),
        ("short: a", "t:1:8: short: must have at least 2 characters"),
        ("short: abcde", "t:1:8: short: must have at most 4 characters, not 5"),
        ("inner: 3", "t:1:8: inner: expected a mapping, not 3"),
        ("by_name: [a]", "t:1:10: by_name: expected a mapping, not a list"),
        ("either: [a]", "t:1:9: either: expected a whole number, not a list"),
        ("short: !!int abc", "t:1:8: short: expected text, not abc; put it in quotes"),
        ("inner: {how-big: !!int abc}", "t:1:18: inner.how-big: expected a whole number, not abc"),
        ("token: [x]", "t:1:8: token: a secret must not be written here; write '${env:TOKEN}' or '${file:/path}'"),
    ],
)
def test_what_does_not_fit_is_told(text: str, problem: str) -> None:
    """Every kind of misfit has its own words."""
    assert walked(text)[1] == [problem]


def test_an_optional_secret_may_be_left_empty() -> None:
    """Nothing is not a secret in clear."""
    assert walked("token: ~") == (Outer(), [])


def test_a_type_that_yaml_has_no_words_for_is_a_fault_of_the_plugin() -> None:
    """It is raised, not reported: no change to the file could mend it."""
    with pytest.raises(TypeError, match="a setting cannot be of BytesType"):
        walked("whatever: x", Odd)
