from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

import pytest

from router.contract import Unauthenticated
from router.web.auth import Keys, is_local


def digest(key: str) -> str:
    return f"sha256:{sha256(key.encode()).hexdigest()}"


KEYS = Keys({"ads": [digest("one"), digest("two")], "games": [digest("three")]})


@pytest.mark.parametrize(
    ("headers", "team"),
    [
        ({"authorization": "Bearer one"}, "ads"),
        ({"authorization": "bearer  two "}, "ads"),
        ({"xi-api-key": "three"}, "games"),
        ({"x-api-key": "three"}, "games"),
        ({"authorization": "Basic abc", "x-api-key": "one"}, "ads"),
    ],
)
def test_a_key_in_any_spelling(headers: dict[str, str], team: str) -> None:
    """Each of a team's keys is taken, in each of the three headers."""
    assert KEYS.team_of(headers, "203.0.113.5") == team


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_api_key"),
        ({"authorization": "Bearer "}, "missing_api_key"),
        ({"authorization": "Basic b25l"}, "missing_api_key"),
        ({"x-api-key": ""}, "missing_api_key"),
        ({"x-api-key": "four"}, "invalid_api_key"),
        ({"x-api-key": "ключ"}, "invalid_api_key"),
        ({"x-api-key": digest("one")}, "invalid_api_key"),
    ],
)
def test_no_key_or_a_wrong_one(headers: dict[str, str], code: str) -> None:
    """A missing key and an unknown one are told apart; the stored digest is no key, and loopback is no excuse."""
    with pytest.raises(Unauthenticated) as caught:
        KEYS.team_of(headers, "127.0.0.1")
    assert (caught.value.status, caught.value.code) == (401, code)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_open_on_this_machine_without_keys(client: str) -> None:
    """With no keys configured, callers on the router's own machine are served."""
    assert Keys({}).team_of({}, client) == "local"


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("192.168.0.7", {}),
        ("::ffff:10.0.0.1", {}),
        ("localhost", {}),
        ("", {}),
        (None, {}),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.5"}),
        ("127.0.0.1", {"forwarded": "for=203.0.113.5"}),
    ],
)
def test_closed_to_others_without_keys(client: str | None, headers: dict[str, str]) -> None:
    """With no keys configured nobody else is served, nor whom a proxy on this machine speaks for; it says what to do."""
    assert not is_local(headers, client)
    with pytest.raises(Unauthenticated, match="add a team with a key") as caught:
        Keys({}).team_of(headers, client)
    assert caught.value.code == "no_keys_configured"


def test_a_team_without_keys_opens_nothing() -> None:
    """Once there is a team, this machine needs a key too, even if no key is left."""
    with pytest.raises(Unauthenticated) as caught:
        Keys({"ads": []}).team_of({}, "127.0.0.1")
    assert caught.value.code == "missing_api_key"


class Looked(dict[bytes, str]):
    """Digests, and what was looked for among them."""

    def __init__(self, digests: Mapping[bytes, str]) -> None:
        super().__init__(digests)
        self.asked: list[object] = []

    def get(self, key: object, default: object = None) -> Any:
        self.asked.append(key)
        return super().get(cast("bytes", key))


def test_a_key_is_only_ever_compared_by_its_digest() -> None:
    """Wrong keys, near misses too, take one look by SHA-256 each and nothing else: there is no prefix to be felt for."""
    keys = Keys({"ads": [digest("one-long-secret")]})
    looked = Looked(keys.of_digest)
    keys.of_digest = looked
    near = ["one-long-secreT", "one-long-secret ", "one-long", "Xne-long-secret"]
    for wrong in near:
        with pytest.raises(Unauthenticated):
            keys.team_of({"x-api-key": wrong}, None)
    assert looked.asked == [sha256(wrong.encode()).digest() for wrong in near]
