import base64
import hashlib
import hmac
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from router.jobs.signing import BadSignature, key_of, standard_headers, sync_headers, verify_standard, verify_sync

NOW = 1_700_000_000.0
OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
BODY = '{"type":"video.completed","data":{"prompt":"grüß"}}'.encode()
Verify = Callable[[list[str], dict[str, str], bytes, float], None]


def standard(*secrets: str) -> dict[str, str]:
    return standard_headers(secrets, "msg_1", BODY, NOW)


def reason(verify: Verify, headers: dict[str, str], *, body: bytes = BODY, now: float = NOW) -> str:
    with pytest.raises(BadSignature) as caught:
        verify([NEW], headers, body, now)
    return str(caught.value)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_published_library_verifies_ours_with_either_secret(secret: str) -> None:
    """While secrets are changed, receivers with the old one and those with the new one both verify."""
    headers = standard_headers([NEW, OLD], "msg_1", BODY, time.time())

    assert Webhook(secret).verify(BODY, headers)["type"] == "video.completed"


def test_the_published_library_refuses_a_body_that_was_changed() -> None:
    """So that the proof above proves something."""
    headers = standard_headers([NEW], "msg_1", BODY, time.time())

    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", headers)


def test_a_message_is_signed_as_the_specification_says() -> None:
    """`id.timestamp.body` under the decoded key, in base64 after `v1,`."""
    digest = hmac.digest(b"n" * 32, b"msg_1.1700000000." + BODY, "sha256")

    assert standard(NEW)["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_sync_signs_under_the_secret_as_it_is_written() -> None:
    """`t=…,v1=…` in hex over `timestamp.body`, under the first secret."""
    digest = hmac.new(NEW.encode(), b"1700000000." + BODY, hashlib.sha256).hexdigest()

    assert sync_headers([NEW, OLD], BODY, NOW + 0.9) == {"Sync-Signature": f"t=1700000000,v1={digest}"}


@given(st.text().map(str.encode), st.floats(0, 4e9), st.floats(-300, 299))
def test_what_is_signed_verifies_for_five_minutes(body: bytes, now: float, later: float) -> None:
    """Whatever the body and the time, in both schemes, with any of the secrets known."""
    verify_standard([OLD, NEW], standard_headers([NEW], "a", body, now), body, int(now) + later)
    verify_sync([OLD, NEW], sync_headers([NEW], body, now), body, int(now) + later)


@given(st.binary(), st.text())
def test_nothing_else_verifies(body: bytes, text: str) -> None:
    """No body and no header make anything but `BadSignature` happen without the secret."""
    now = str(int(NOW))
    with pytest.raises(BadSignature):
        verify_standard([NEW], {"webhook-id": "1", "webhook-timestamp": now, "webhook-signature": text}, body, NOW)
    with pytest.raises(BadSignature):
        verify_sync([NEW], {"sync-signature": f"t={now},v1={text}"}, body, NOW)
    with pytest.raises(BadSignature):
        verify_sync([NEW], {"sync-signature": text}, body, NOW)


@pytest.mark.parametrize(
    ("verify", "headers"), [(verify_standard, standard(NEW)), (verify_sync, sync_headers([NEW], BODY, NOW))]
)
def test_why_not(verify: Verify, headers: dict[str, str]) -> None:
    """The reason tells a wrong body, an old and an early timestamp apart."""
    assert "no signature fits" in reason(verify, headers, body=BODY + b" x")
    assert "too old: 301 seconds" in reason(verify, headers, now=NOW + 301)
    assert "from the future" in reason(verify, headers, now=NOW - 301)


def test_missing_headers() -> None:
    """No header at all, or one of three, is told as such."""
    assert "not all there" in reason(verify_standard, {})
    assert "not all there" in reason(verify_standard, {**standard(NEW), "webhook-id": ""})
    assert "is missing" in reason(verify_sync, {})


@pytest.mark.parametrize("stamp", ["soon", "-1", "1e9", "\u0661\u0667", "9" * 13])
def test_a_timestamp_that_is_none(stamp: str) -> None:
    """Only digits are a time."""
    assert "unix seconds" in reason(verify_standard, {**standard(NEW), "webhook-timestamp": stamp})
    assert "unix seconds" in reason(verify_sync, {"sync-signature": f"t={stamp},v1=00"})


def test_another_secret_or_another_message_does_not_verify() -> None:
    """Neither a signature by a secret we do not know, nor one moved to another id, nor another version's."""
    assert "no signature fits" in reason(verify_standard, standard(OLD))
    assert "no signature fits" in reason(verify_standard, {**standard(NEW), "webhook-id": "msg_2"})
    signature = standard(NEW)["webhook-signature"].removeprefix("v1")
    assert "no signature fits" in reason(verify_standard, {**standard(NEW), "webhook-signature": f"v1a{signature}"})
    assert "no signature fits" in reason(verify_sync, sync_headers([OLD], BODY, NOW))


def test_one_good_signature_among_others_is_enough() -> None:
    """Other versions and other secrets' signatures may stand beside it; names of headers are in any case."""
    headers = {name.upper(): text for name, text in standard(OLD, NEW).items()}
    headers["WEBHOOK-SIGNATURE"] = f"v1a,zzz nonsense {headers['WEBHOOK-SIGNATURE']}"

    verify_standard([NEW], headers, BODY, NOW)


def test_sync_verifies_the_compact_form_too() -> None:
    """A body that was sent with blanks counts as signed if its compact form was: sync's samples do so."""
    headers = sync_headers([NEW], b'{"id":"1","status":"COMPLETED"}', NOW)

    verify_sync([NEW], headers, b'{ "id": "1",\n"status": "COMPLETED" }', NOW)
    assert "no signature fits" in reason(verify_sync, headers, body=b'{"id": "2", "status": "COMPLETED"}')


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_????", "whsec_c2hvcnQ=", OLD.removeprefix("whsec_")])
def test_a_malformed_secret_is_refused_without_being_repeated(secret: str) -> None:
    """It needs the prefix, base64 and 24 to 64 bytes."""
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        key_of(secret)
    assert len(secret) < 8 or secret not in str(caught.value)


def test_a_body_nested_too_deep_is_no_more_than_unsigned() -> None:
    """Nobody without the secret can make the parser's limit an error of ours."""
    assert "no signature fits" in reason(verify_sync, sync_headers([OLD], BODY, NOW), body=b"[" * 100_000)


def test_nothing_goes_out_unsigned() -> None:
    """Without a secret there are no headers."""
    with pytest.raises(ValueError, match="no secret"):
        standard()
    with pytest.raises(ValueError, match="no secret"):
        sync_headers([], BODY, NOW)
