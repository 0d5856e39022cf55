"""Rows with what a test does not care about filled in."""

from typing import Any

from router.store.idempotency import Claim
from router.store.ledger import Entry
from router.store.rows import JobRow, NoticeRow

ADS, NEWS = "ads", "news"


def job(id: str, **rest: Any) -> JobRow:  # noqa: A002 - the field's name
    return JobRow(**{"id": id, "team": ADS, "state": "waiting", "created_at": 1.5, "body": b"{}", **rest})


def notice(id: str, job: str = "job", **rest: Any) -> NoticeRow:  # noqa: A002 - the field's name
    told = {"url": "https://example.com", "kind": "standard", "body": b"{}", "created_at": 1.5, "run_at": 1.5}
    return NoticeRow(**{"id": id, "team": ADS, "job": job, **told, **rest})


def claim(owner: str, **rest: Any) -> Claim:
    asked = {"team": ADS, "key": "k", "fingerprint": "f", "now": 100.0, "lease": 10.0, "expires_at": 1000.0}
    return Claim(**{"owner": owner, **asked, **rest})


def entry(number: int, **rest: Any) -> Entry:
    fields = {"day": 10, "writer": 1, "at": 1.5, "request_id": f"req_{number}", "team": "ads", "task": "speech"}
    told = {"route": "r", "provider": "a", "target": "a/m", "outcome": "ok", "requests": 1, "currency": "USD"}
    return Entry(**{**fields, **told, "number": number, **rest})
