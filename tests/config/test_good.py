from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router.engine.settings import RouterSettings, load
from tests.config.kinds import ENV, HERE, ParrotSettings, read, zoo

CASES = sorted((HERE / "good").glob("*.yaml"))


def plain(part: Any) -> Any:
    """Return a tree as JSON values, without where it was written."""
    if isinstance(part, RouterSettings | msgspec.Struct):
        return {field: plain(getattr(part, field)) for field in part.__struct_fields__ if field != "source"}
    if isinstance(part, Mapping):
        return {key: plain(value) for key, value in part.items()}
    if isinstance(part, tuple | frozenset):
        return [plain(one) for one in part]
    return str(part) if isinstance(part, str | Path) else part


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_good_file_becomes_this_very_tree(case: Path) -> None:
    """What is written is read as meant, and what is left out is filled in as documented."""
    tree = load(case, zoo(), ENV, read)

    assert plain(tree) == msgspec.json.decode(case.with_suffix(".json").read_bytes())


def test_the_tree_never_shows_a_secret() -> None:
    """A secret is there for the provider to use, and absent from the tree's repr."""
    tree = load(HERE / "good" / "tour.yaml", zoo(), ENV, read)
    settings = tree.providers["polly"].settings

    assert isinstance(settings, ParrotSettings)
    assert f"Bearer {settings.api_key}" == "Bearer polly-s3cret"
    assert "s3cret" not in repr(tree)


def test_two_readings_of_one_file_are_equal() -> None:
    """A reload can tell that nothing changed; where things were written does not matter."""
    case = HERE / "good" / "tour.yaml"

    assert load(case, zoo(), ENV, read) == load(case, zoo(), ENV, read)
