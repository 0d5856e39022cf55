import httpx
import pytest

from router.testing.suite import CHECKS, OVER_HTTP
from tests.contract import broken
from tests.contract.broken import Good, account

SLOW = {"unread_answers_are_cut"}
"""It pauses in the middle of every answer."""
LOST = {
    "hang_up",
    "server_error",
    "overloaded",
    "gateway_timeout",
    "page_for_media",
    "empty_body",
    "cut_body",
    "cut_chunked_body",
    "endless_errors_are_bounded",
}
"""Each of these leaves open what a create has bought."""


def blaming(what: object) -> type[Good]:
    return type("Blaming", (broken.Blaming,), {"blamed": what})


BROKEN: dict[str, tuple[type[Good], str]] = {
    "kind_is_lower_case": (broken.Shouting, "'GOOD' is no lower-case word"),
    "settings_are_strict": (broken.Loose, "a setting nobody knows is accepted"),
    "key_is_not_shown": (broken.Showing, "the key can be read"),
    "offers_are_made": (broken.Twice, "one task is offered twice"),
    "offers_are_stable": (broken.Fickle, "the offers change"),
    "types_pair_up": (broken.Untyped, "speak takes SpeechRequest and gives Speech, but is not annotated so"),
    "methods_are_bound": (broken.Unbound, "is no coroutine method of the provider"),
    "models_are_unique": (broken.Repeating, "models listed twice"),
    "limits_are_coherent": (broken.Muddled, "limits of SpeechRequest: voices listed twice"),
    "limits_are_named": (broken.Boundless, "speak takes what goes beyond its limit of 100"),
    "samples_fit": (broken.Curt, "takes at most 3 characters"),
    "results_are_of_their_type": (broken.Deaf, "transcribe gives no text"),
    "every_format_is_delivered": (broken.Stubborn, "asked for pcm, speak gives mp3"),
    "word_times_follow": (broken.Untimely, "word times that do not follow one another"),
    "streams_can_be_left": (broken.Touchy, "cannot be closed twice"),
    "jobs_are_brought_home": (broken.Wandering, "a look at a job names another one"),
    "checks_are_free": (broken.Spending, "a check sends POST /speech, which may cost something"),
    "nobody_listens": (blaming(httpx.ConnectError), "raises Declined where Unavailable is right"),
    "hang_up": (blaming(httpx.RemoteProtocolError), "raises Declined where Unavailable is right"),
    "server_error": (blaming(500), "raises Declined where Unavailable is right"),
    "overloaded": (blaming(503), "raises Declined where Unavailable or Busy is right"),
    "gateway_timeout": (blaming(504), "raises Declined where Unavailable or TimedOut is right"),
    "too_many_requests": (broken.Impatient, "was told to wait 7 s and says None"),
    "key_refused": (blaming(401), "raises Declined where Misconfigured is right"),
    "page_for_media": (broken.Gullible, "collect ends cleanly although its answer was spoilt"),
    "empty_body": (broken.Inventive, "transcribe makes something of nothing"),
    "cut_body": (broken.Glossing, "collect ends cleanly although its answer was spoilt"),
    "cut_chunked_body": (broken.GlossingChunks, "collect ends cleanly although its answer was spoilt"),
    "endless_errors_are_bounded": (broken.Greedy, "reads an error of 16777216 bytes to its end"),
    "errors_are_ours": (broken.Foreign, "after a teapot: KeyError, which is none of the contract's errors"),
    "errors_are_discreet": (broken.Telling, "Declined repeats what the vendor wrote"),
    "leaving_is_noticed": (broken.Staying, "transcribe goes on although it was cancelled"),
    "unread_answers_are_cut": (broken.Clinging, "closing what collect gives leaves its connection open"),
}


async def complaints(kind: type[Good], *names: str) -> dict[str, str]:
    """Return what the checks of those names have against a kind."""
    found = {}
    for name in names:
        try:
            await CHECKS[name](account(kind))
        except AssertionError as complaint:
            found[name] = str(complaint)
    return found


@pytest.mark.parametrize("kind", [Good, broken.Keyed])
async def test_promises_that_are_kept(kind: type[Good]) -> None:
    """A good provider passes the whole suite, and so does one whose vendor makes nothing twice."""
    assert await complaints(kind, *CHECKS) == {}


def test_each_promise_is_broken_once() -> None:
    """There is a provider that breaks it for each promise of the suite."""
    assert list(BROKEN) == list(CHECKS)


@pytest.mark.parametrize("name", BROKEN)
async def test_broken(name: str) -> None:
    """A provider that breaks one promise fails the check of that name, which says what is wrong."""
    kind, message = BROKEN[name]
    found = await complaints(kind, name)
    assert message in found[name]


async def test_nothing_offered() -> None:
    """A provider without offers fails."""
    assert await complaints(broken.Idle, "offers_are_made") == {"offers_are_made": "nothing is offered"}


async def test_mislabelled() -> None:
    """Audio that is not what it says it is fails."""
    (complaint,) = (await complaints(broken.Mislabelling, "results_are_of_their_type")).values()
    assert complaint == "speak says mp3 and gives something else"


async def test_careless_with_money() -> None:
    """Without a key, any lost answer to a create must be called unknown; nothing else is."""
    found = await complaints(broken.Careless, *(set(OVER_HTTP) - SLOW))
    assert set(found) == LOST
    assert all("create raises" in one and "where OutcomeUnknown is right" in one for one in found.values())
