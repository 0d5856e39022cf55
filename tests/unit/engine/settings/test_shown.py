from typing import Any

import msgspec
import pytest

from router.engine.settings import Storage
from router.engine.settings.shown import shown
from tests.unit.engine.settings.test_difference import KEYS, settings


def test_the_whole_tree() -> None:
    """It is plain JSON, laid out as the YAML is, with every default filled in."""
    told = shown(settings())
    assert msgspec.json.decode(msgspec.json.encode(told)) == told
    polly = told["providers"]["polly"]
    assert (polly["kind"], polly["api_key"], polly["repeats"], polly["connect"]) == ("parrot", "***", 1, 5.0)
    assert not {"name", "settings"} & polly.keys()
    assert told["routes"][0]["deadline"] == 30.0
    assert "source" not in told


def test_no_secret() -> None:
    """Neither a key, nor a digest of one, nor its number of characters can be read off it."""
    text = str(shown(settings(("port: 8000", f'port: 8000, admin_keys: ["{KEYS["2"]}"]'))))
    assert "s3cret" not in text
    assert not [digest for digest in KEYS.values() if digest in text]


@pytest.mark.parametrize(
    ("storage", "field", "seen"),
    [
        ({"records": "postgresql://me:pa55@db/router"}, "records", "postgresql://***@db/router"),
        ({"records": "postgresql://db/router?password=pa55"}, "records", "postgresql://db/router?***"),
        ({"limits": "redis://:pa55@host"}, "limits", "redis://***@host"),
        ({"options": {"aws_secret_access_key": "pa55", "region": "x"}}, "options",
         {"aws_secret_access_key": "***", "region": "x"}),
    ],
)  # fmt: skip
def test_logins_in_addresses(storage: dict[str, Any], field: str, seen: object) -> None:
    """What lets somebody in is hidden wherever it was written, and the rest is still to be read."""
    whole = msgspec.structs.replace(settings(), storage=Storage(**storage))
    assert shown(whole)["storage"][field] == seen
