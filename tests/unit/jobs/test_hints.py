import base64

import pytest

from router.contract import Invalid, Unauthenticated
from router.jobs.hints import Hint, sync_hint
from router.jobs.signing import sync_headers

NOW = 1_700_000_000.0
OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
BODY = b'{"id":"gen_1","status":"COMPLETED","outputUrl":"https://elsewhere.test/film.mp4"}'


def test_a_signed_webhook_says_where_to_look_and_nothing_else() -> None:
    """Of its content only the id is taken: neither the state nor the film's URL."""
    assert sync_hint("sync-eu", [NEW], sync_headers([NEW], BODY, NOW), BODY, NOW) == Hint("sync-eu", "gen_1")
    assert Hint.__struct_fields__ == ("provider", "upstream_id")


def test_the_account_s_former_secret_counts_while_it_is_configured() -> None:
    """Secrets can be changed without losing a webhook."""
    assert sync_hint("sync", [NEW, OLD], sync_headers([OLD], BODY, NOW), BODY, NOW).upstream_id == "gen_1"


@pytest.mark.parametrize(
    ("secrets", "later", "body"),
    [([OLD], 0.0, BODY), ([], 0.0, BODY), ([NEW], 301.0, BODY), ([NEW], 0.0, BODY.replace(b"gen_1", b"gen_2"))],
    ids=["another secret", "no secret", "replayed later", "changed"],
)
def test_whoever_cannot_sign_is_not_heard(secrets: list[str], later: float, body: bytes) -> None:
    """A forged, replayed or changed webhook is refused before it is read."""
    with pytest.raises(Unauthenticated) as caught:
        sync_hint("sync", secrets, sync_headers([NEW], BODY, NOW), body, NOW + later)
    assert caught.value.code == "invalid_signature"


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b"{}", b'{"id":1}', b'{"id":""}', b'{"id":"' + b"x" * 201 + b'"}', b"\xff", b"[" * 9999],
)
def test_a_signed_body_that_names_nothing(body: bytes) -> None:
    """Even the provider's own signature makes no sense of it."""
    with pytest.raises(Invalid):
        sync_hint("sync", [NEW], sync_headers([NEW], body, NOW), body, NOW)
