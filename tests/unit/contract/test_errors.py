import pickle
from collections.abc import Iterator

import pytest

from router.contract import (
    BadOutput,
    Busy,
    Declined,
    Exhausted,
    Invalid,
    MediaError,
    Misconfigured,
    Next,
    OverQuota,
    ProviderFailed,
    RequestRejected,
    TimedOut,
    Unavailable,
    Unsupported,
    errors,
)


def family(kind: type[MediaError]) -> Iterator[type[MediaError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from family(one)


FAMILY = {one.__name__: one for one in family(MediaError) if one.__module__ == errors.__name__}


def filled(kind: type[MediaError]) -> MediaError:
    """Return an error of the kind with every field set."""
    if kind is Exhausted:
        return Exhausted([("a/b", Busy("a is busy", retry_after=3.0)), ("c", TimedOut("c is slow"))])
    extra: dict[str, object] = {}
    if issubclass(kind, ProviderFailed):
        extra = {"upstream_status": 418, "retry_after": 2.5}
    elif kind is OverQuota:
        extra = {"retry_after": 2.5}
    elif kind is Unsupported:
        extra = {"reasons": {"boson": "takes at most 5000 characters"}}
    return kind("a message", code="a_code", status=499, param="input", limit=5000, **extra)


@pytest.mark.parametrize("kind", FAMILY.values(), ids=FAMILY)
def test_crosses_processes(kind: type[MediaError]) -> None:
    """Every error comes out of pickle as it went in, all its fields included."""
    error = filled(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert fields(again) == fields(error)


def fields(error: MediaError) -> dict[str, object]:
    held = dict(vars(error))
    if isinstance(error, Exhausted):
        held["failures"] = [(target, type(one), vars(one)) for target, one in error.failures]
    return held


@pytest.mark.parametrize("kind", FAMILY.values(), ids=FAMILY)
def test_says_what_happens_next(kind: type[MediaError]) -> None:
    """Only a provider's failure is ever followed by another attempt, and each kind has its own code."""
    error = filled(kind)
    assert isinstance(error.next, Next)
    assert error.next is Next.STOP or issubclass(kind, ProviderFailed)
    assert kind.__doc__
    assert kind is ProviderFailed or kind is RequestRejected or kind.code not in {
        other.code for other in FAMILY.values() if other is not kind and other.code != MediaError.code
    }  # fmt: skip


AGAIN = {Unavailable, Busy}
OUTCOMES = {
    "all busy": ([Busy("", retry_after=9.0), Busy("", retry_after=4.0)], 429, "all_replicas_busy", 4.0),
    "busy, nobody said when": ([Busy("")], 429, "all_replicas_busy", None),
    "all timed out": ([TimedOut(""), TimedOut("")], 504, "all_providers_failed", None),
    "one may recover": ([Misconfigured(""), Unavailable("")], 503, "all_providers_failed", None),
    "busy and timed out": ([Busy("", retry_after=4.0), TimedOut("")], 503, "all_providers_failed", 4.0),
    "none will recover": ([BadOutput(""), Declined(""), Misconfigured("")], 502, "all_providers_failed", None),
    "nobody was asked": ([], 502, "all_providers_failed", None),
}


@pytest.mark.parametrize(("failures", "status", "code", "wait"), OUTCOMES.values(), ids=OUTCOMES)
def test_exhausted(failures: list[ProviderFailed], status: int, code: str, wait: float | None) -> None:
    """What the caller is told depends on whether waiting helps, and the wait is the smallest one asked for."""
    error = Exhausted([(f"p{number}", one) for number, one in enumerate(failures)])
    assert (error.status, error.code, error.retry_after) == (status, code, wait)


def test_names_each_failure() -> None:
    """The text names targets and reasons, and repeats nothing of what providers said."""
    error = Exhausted([("boson", Busy("secret text")), ("local", BadOutput("secret text"))])
    assert str(error) == "every provider failed (boson: busy, local: bad_output)"


def test_again() -> None:
    """Only a provider that is unavailable or busy may be asked a second time."""
    assert {one for one in FAMILY.values() if one.next is Next.AGAIN} == AGAIN


def test_a_status_of_its_own() -> None:
    """An error may be given a status and a code other than its class's."""
    error = Invalid("too large", code="payload_too_large", status=413, param="ref_image", limit=10)
    assert (error.status, error.code, Invalid.status) == (413, "payload_too_large", 400)
