"""Signatures of webhooks, ours and sync's: what says that a body came from whom it seems to, and not long ago.

Standard Webhooks 1.0.0, symmetric: `webhook-signature: v1,<base64>` is HMAC-SHA256 over `id.timestamp.body`, the key
being what `whsec_` has encoded in base64. Sync's: `Sync-Signature: t=<unix>,v1=<hex>` is HMAC-SHA256 over
`timestamp.body`, the key being the secret as it is written, `whsec_` included (sync's guide to webhooks).
"""

import base64
import binascii
import enum
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from standardwebhooks import Webhook

TOLERANCE: Final = 300.0
"""Seconds by which the sender's clock and a slow network may be off, either way."""
PREFIX: Final = "whsec_"
SHORTEST: Final = 24
LONGEST: Final = 64
"""Bytes of a secret, as Standard Webhooks has it."""
SYNC: Final = "sync-signature"


class Scheme(enum.StrEnum):
    """How a webhook is signed."""

    STANDARD = "standard"
    SYNC = "sync"


class BadSignature(Exception):
    """The signature is missing, malformed, too old or wrong; the text says which and may be shown."""


def key_of(secret: str) -> bytes:
    """Return the key that `whsec_<base64>` holds. Raises `ValueError`, which does not repeat it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a webhook secret is {PREFIX} and the base64 of {SHORTEST} to {LONGEST} bytes")
    return key


def standard_headers(secrets: Sequence[str], id: str, body: bytes, now: float) -> dict[str, str]:  # noqa: A002 - what it is
    """Return the headers of a webhook, signed with every secret, so that receivers may change theirs at leisure.

    `body` is UTF-8. Raises `ValueError` where there is no secret, or none that is well formed.
    """
    if not secrets:
        raise ValueError("there is no secret to sign with")
    signed = (_standard(secret, id, int(now), body.decode()) for secret in secrets)
    return {"webhook-id": id, "webhook-timestamp": str(int(now)), "webhook-signature": " ".join(signed)}


def sync_headers(secrets: Sequence[str], body: bytes, now: float) -> dict[str, str]:
    """Return sync's header, signed with the first secret: receivers look for one signature only.

    `body` should be compact JSON, which is what receivers make of it before they verify. Raises `ValueError`
    where there is no secret.
    """
    if not secrets:
        raise ValueError("there is no secret to sign with")
    return {"Sync-Signature": f"t={int(now)},v1={_sync(secrets[0], str(int(now)), body)}"}


def verify_standard(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Return if one of the secrets made one of the signatures. Raises `BadSignature`; `ValueError` for a bad secret."""
    given = {name.lower(): text for name, text in headers.items()}
    id, stamp, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))  # noqa: A001 - what it is
    if not (id and stamp and signatures):
        raise BadSignature("webhook-id, webhook-timestamp and webhook-signature are not all there")
    _check_age(stamp, now)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadSignature("the body is not UTF-8") from error
    _check_any((_standard(secret, id, int(stamp), text) for secret in secrets), signatures.split())


def verify_sync(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Return if one of the secrets made one of the signatures. Raises `BadSignature`.

    The body counts as it came or as compact JSON: sync's own samples verify the latter.
    """
    given = {name.lower(): text for name, text in headers.items()}
    parts = [part.strip().partition("=") for part in given.get(SYNC, "").split(",")]
    stamp = next((text for name, _, text in parts if name == "t"), "")
    signatures = [text for name, _, text in parts if name == "v1"]
    if not (stamp and signatures):
        raise BadSignature("Sync-Signature is missing, or is not t=<unix seconds>,v1=<hex>")
    _check_age(stamp, now)
    bodies = {body, _compact(body)}
    _check_any((_sync(secret, stamp, one) for secret in secrets for one in bodies), signatures)


def _check_age(stamp: str, now: float) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # beyond that, no date
        raise BadSignature("the timestamp is not in unix seconds")
    off = int(stamp) - now
    if abs(off) > TOLERANCE:
        when = "from the future" if off > 0 else "too old"
        raise BadSignature(f"the timestamp is {when}: {abs(off):.0f} seconds off, at most {TOLERANCE:.0f}")


def _check_any(expected: Iterable[str], given: Sequence[str]) -> None:
    # Every pair is compared, each in constant time: how long it takes says nothing about what was right.
    told = [one.encode() for one in given]
    if not any([hmac.compare_digest(one.encode(), other) for one in expected for other in told]):  # noqa: C419 - see above
        raise BadSignature("no signature fits this body and secret")


def _standard(secret: str, id: str, stamp: int, body: str) -> str:  # noqa: A002 - what it is
    return Webhook(key_of(secret)).sign(id, datetime.fromtimestamp(stamp, UTC), body)


def _sync(secret: str, stamp: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()


def _compact(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
