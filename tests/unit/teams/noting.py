"""Outcomes and charges with what a test does not care about filled in."""

from typing import Any

from router.contract import Charge, Outcome, Task


def charge(target: str, **rest: Any) -> Charge:
    fields = {"task": Task.SPEECH, "provider": target.partition("/")[0], "target": target, "outcome": "ok"}
    return Charge(**{**fields, **rest})


def outcome(*charges: Charge, **rest: Any) -> Outcome:
    fields = {"request_id": "req_1", "task": Task.SPEECH, "route": "r", "team": "ads", "outcome": "ok", "status": 200}
    told = {"attempts": (), "seconds": 1.0, "charges": charges, "currency": "EUR"}
    return Outcome(**{**fields, **told, **rest})
