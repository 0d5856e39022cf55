from pathlib import Path
from typing import Any

import pytest

from router.cli.reference import default, kind, reference
from router.engine.registry import Registry
from router.engine.settings import schema
from tests.config.kinds import zoo

PAGE = Path(__file__).parents[3] / "docs/configuration.md"


def test_the_page_is_current() -> None:
    """docs/configuration.md says what the code reads; `make schema` brings it up to date."""
    assert PAGE.read_text() == reference(schema(Registry.discover().kinds))


def test_every_setting_of_every_mapping_has_a_line() -> None:
    """A kind from outside is described like ours, and nothing the schema knows is left out."""
    made = schema(zoo().kinds)
    page = reference(made)

    assert "## parrot" in page
    for part in made["$defs"].values():
        for name in part.get("properties", {}):
            assert f"\n| `{name}` | " in page


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 64}, "whole number, at least 1, at most 64"),
        ({"type": "array", "items": {"$ref": "#/$defs/Route"}}, "list of [Route](#route)"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "mapping of names to text"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or `null`"),
        ({"enum": ["keep", "strip"]}, "`keep`, `strip`"),
        ({"type": "string", "pattern": "^([0-9]+)(ms|s|m|h|d)$"}, "length of time"),
        ({"type": "string", "pattern": "^x$"}, "text"),
    ],
)
def test_what_a_setting_may_be(value: dict[str, Any], words: str) -> None:
    """A reader sees words where the schema has types, patterns and references."""
    assert kind(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"default": "5s"}, "`5s`"),
        ({"default": None}, "`null`"),
        ({"default": []}, "`[]`"),
        ({"default": {}}, ""),
        ({}, ""),
    ],
)
def test_defaults_are_written_as_in_the_file(value: dict[str, Any], words: str) -> None:
    """A default can be copied into the YAML; a mapping of settings tells its own."""
    assert default(value) == words
