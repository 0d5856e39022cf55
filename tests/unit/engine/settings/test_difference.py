from pathlib import Path

import pytest

from router.engine.settings import RouterSettings, difference, restarts
from router.engine.settings.load import parse
from router.engine.settings.secrets import References
from tests.config.kinds import zoo

KEYS = {name: f"sha256:{name:0>64}" for name in ("1", "2")}
TEXT = f"""
providers:
  polly: {{kind: parrot, api_key: "${{env:KEY}}", repeats: 1}}
  echo: {{kind: echo}}
routes:
  - {{name: one, task: speech, tiers: [polly], deadline: 30s}}
  - {{name: two, task: speech, tiers: [polly, echo]}}
voices:
  narrator: {{polly: eleanor}}
teams:
  - {{name: ads, keys: ["{KEYS["1"]}"]}}
server: {{port: 8000}}
"""


def settings(*edits: tuple[str, str], key: str = "s3cret") -> RouterSettings:
    text = TEXT
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    return parse(text.encode(), "router.yaml", zoo(), References({"KEY": key}, Path(), Path.read_text))


def test_nothing_changed() -> None:
    """A file that is only written differently sets up the same."""
    assert settings() == settings(("\nteams:", "\n# who may call\n\nteams:"))
    assert difference(settings(), settings(("\nteams:", "\n# who may call\n\nteams:"))) == ()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("repeats: 1", "repeats: 2", ["changed providers.polly.repeats: 1 -> 2"]),
        ("repeats: 1", "concurrency: 4", ["changed providers.polly.concurrency: None -> 4"]),
        ("kind: echo", "kind: echo, connect: 2s", ["changed providers.echo.connect: 5.0 -> 2.0"]),
        ("  echo: {kind: echo}\n", "  echo: {kind: echo}\n  third: {kind: echo}\n", ["added providers.third"]),
        (", deadline: 30s", "", ["changed routes[one].deadline: 30.0 -> 60.0"]),
        ("name: one", "name: uno", ["removed routes[one]", "added routes[uno]"]),
        ("tiers: [polly, echo]", "tiers: [polly]", ["removed routes[two].tiers[1]"]),
        ("tiers: [polly],", "tiers: [echo],", ["changed routes[one].tiers[0].targets[0].provider: 'polly' -> 'echo'"]),
        ("deadline: 30s", "deadline: 30s, models: [m]", ["changed routes[one].models: () -> ('m',)"]),
        ("polly: eleanor", "polly: a", ["changed voices.narrator.polly: 'eleanor' -> 'a'"]),
        ("polly: eleanor", "echo: b", ["removed voices.narrator.polly", "added voices.narrator.echo"]),
        (f'teams:\n  - {{name: ads, keys: ["{KEYS["1"]}"]}}', "", ["removed teams[ads]"]),
    ],
)  # fmt: skip
def test_what_is_told(before: str, after: str, lines: list[str]) -> None:
    """Each change is one line with its path, and only the change."""
    assert list(difference(settings(), settings((before, after)))) == lines


def test_order() -> None:
    """Two routes that change places are told of: the first of a task serves those who name no model."""
    swapped = settings(("name: one", "name: x"), ("name: two", "name: one"), ("name: x", "name: two"))
    assert "reordered routes: [two][one]" in difference(settings(), swapped)


def test_secrets() -> None:
    """A secret that changed is told of, and neither its old nor its new value; a team's digests likewise."""
    told = difference(settings(), settings((KEYS["1"], KEYS["2"]), key="n3w-s3cret"))
    assert list(told) == ["changed providers.polly.api_key (not shown)", "changed teams[ads].keys (not shown)"]


def test_what_needs_a_restart() -> None:
    """Where it listens cannot change while it runs: the problem stands where the new value is written."""
    after = settings(("port: 8000", "port: 9000, workers: 2"))
    found = [str(one) for one in restarts(settings(), after)]
    assert found == [
        "router.yaml:12:16: server.port: is 8000 while the router runs; to be 9000 it needs a restart",
        "router.yaml:12:31: server.workers: is 1 while the router runs; to be 2 it needs a restart",
    ]
    assert restarts(settings(), settings(("deadline: 30s", "deadline: 31s"))) == []


def test_admin_keys_are_followed() -> None:
    """They may be changed while the router runs, and what is told of that does not show them."""
    after = settings(("port: 8000", f'port: 8000, admin_keys: ["{KEYS["2"]}"]'))
    assert restarts(settings(), after) == []
    assert difference(settings(), after) == ("changed server.admin_keys (not shown)",)
