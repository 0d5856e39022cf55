"""`media-router keys`, over a database on disk."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.cli.keeping import Kept


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path)
    kept.config.write_text(kept.config.read_text() + "teams: [{name: ads}, {name: games}]\n")
    return kept


def listed(kept: Kept, *words: str) -> list[dict[str, str]]:
    result = kept.run("keys", "list", "--json", *words)
    assert result.exit_code == 0, result.output
    told: list[dict[str, str]] = json.loads(result.stdout)
    return told


def test_a_key_is_shown_once(kept: Kept) -> None:
    """It goes to standard output alone and bare, for a pipe; no list shows it again, nor its digest."""
    made = kept.run("keys", "create", "--team", "ads", "--label", "phone")
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert key.startswith("mrk_")
    shown = kept.run("keys", "list").output + json.dumps(listed(kept))
    assert "phone" in shown
    assert key not in shown
    assert sha256(key.encode()).hexdigest() not in shown
    assert key.encode() not in (kept.state / "records.db").read_bytes()


def test_a_key_is_revoked_by_its_id(kept: Kept) -> None:
    """It stays in the list, as revoked; a second time there is nothing to revoke."""
    kept.run("keys", "create", "--team", "ads")
    (one,) = listed(kept)
    assert one["state"] == "good"
    assert kept.run("keys", "revoke", one["id"]).exit_code == 0
    assert [again["state"] for again in listed(kept)] == ["revoked"]
    assert kept.run("keys", "revoke", one["id"]).exit_code == 1


def test_keys_of_one_team(kept: Kept) -> None:
    """A list may be of one team; a key that expires says when, and one whose team went says so."""
    kept.run("keys", "create", "--team", "ads", "--expires", "1h")
    kept.run("keys", "create", "--team", "games")
    (one,) = listed(kept, "--team", "ads")
    assert float(one["expires_at"]) - float(one["created_at"]) == pytest.approx(3600)
    kept.config.write_text(kept.config.read_text().replace(", {name: games}", ""))
    assert [again["state"] for again in listed(kept)] == ["good", "without a team"]


@pytest.mark.parametrize("words", [("--team", "nobody"), ("--team", "ads", "--expires", "soon")])
def test_a_key_that_could_not_be_used_is_not_made(kept: Kept, words: tuple[str, ...]) -> None:
    """For a team that is not there, or a time that is none, the command ends with exit code 2 and makes nothing."""
    assert kept.run("keys", "create", *words).exit_code == 2
    assert listed(kept) == []
