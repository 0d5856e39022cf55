"""A door is one way in: a path of a dialect. What may come of asking there, and how each dialect refuses."""

import re
from typing import NamedTuple, Protocol

import httpx

from router.contract import Task
from tests.e2e.matrix.stage import Stage


class Made(NamedTuple):
    """What came back: its type on the wire, what it was once decoded, and its seconds where it lasts any."""

    content_type: str
    told: str
    seconds: float | None = None


class Refused(NamedTuple):
    """A refusal. `provider` is who declined, or empty where the router itself knew better."""

    status: int
    code: str
    provider: str
    reason: str


Found = Made | Refused


class Door(Protocol):
    """One way in: who may be behind it, what can be asked for there, what is due and what comes."""

    @property
    def name(self) -> str:
        """A word for test ids."""

    @property
    def title(self) -> str:
        """A heading."""

    @property
    def task(self) -> Task:
        """What is asked for."""

    @property
    def rows(self) -> tuple[str, ...]:
        """What can be varied: formats, sizes, inputs."""

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        """Return what is due, by what the provider offers."""

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        """Ask, and decode what comes."""


def unsupported(kind: str, reason: str) -> Refused:
    """Return the refusal of something that the one provider of a route does not do."""
    return Refused(422, "unsupported", kind, reason)


def openai_refusal(answer: httpx.Response) -> Refused:
    """Read OpenAI's envelope, whose message says all that `reasons` says."""
    (error,) = answer.json().values()
    assert error["type"] == "invalid_request_error"
    provider, reason = declined(error.get("reasons"), error["message"])
    return Refused(answer.status_code, error["code"], provider, reason)


def breeze_refusal(answer: httpx.Response) -> Refused:
    """Read Breeze's envelope."""
    told = answer.json()
    assert (told["ok"], told["code"], told["detail"]) == (False, "VALIDATION_ERROR", told["error"])
    provider, reason = declined(told["meta"].get("reasons"), told["detail"])
    return Refused(answer.status_code, told["meta"]["code"], provider, reason)


def sync_refusal(answer: httpx.Response) -> Refused:
    """Read sync's envelope, which has no place for reasons but its message."""
    told = answer.json()
    assert told["statusCode"] == answer.status_code
    found = re.search(r"\((\w+): (.*)\)$", told["message"])
    assert found, told
    return Refused(answer.status_code, told["errorCode"], *found.groups())


def declined(reasons: dict[str, str] | None, message: str) -> tuple[str, str]:
    """Return who declined and why; without anybody, what the router says itself."""
    if reasons is None:
        return "", message
    ((provider, reason),) = reasons.items()
    assert f"{provider} {reason}" in message
    return provider, reason


def served_by(answer: httpx.Response, kind: str) -> httpx.Response:
    """Return a success, which has to be that of the provider asked for."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-media-provider"] == kind
    return answer
