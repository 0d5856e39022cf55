"""The contract suite: promises that every provider keeps, whatever its kind.

A plugin brings an `Account`: settings, sample requests and, if it speaks HTTP, how its vendor answers them.

    ACCOUNT = Account(Acme, {"api_key": "key-for-tests"}, (SpeechRequest(text="Hello."),), answers)

    @pytest.mark.parametrize("name", checks(ACCOUNT))
    async def test_contract(name: str) -> None:
        await CHECKS[name](ACCOUNT)

A check raises AssertionError saying which promise is broken and where. It needs no pytest.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from router.testing import bounds, checking, faults, leaving, offered, results, said
from router.testing.account import Account

__all__ = ["CHECKS", "Account", "Check", "checks"]

Check = Callable[[Account], Awaitable[None]]

ALWAYS: Final[Mapping[str, Check]] = {
    "kind_is_lower_case": offered.kind_is_lower_case,
    "settings_are_strict": offered.settings_are_strict,
    "key_is_not_shown": offered.key_is_not_shown,
    "offers_are_made": offered.offers_are_made,
    "offers_are_stable": offered.offers_are_stable,
    "types_pair_up": offered.types_pair_up,
    "methods_are_bound": offered.methods_are_bound,
    "models_are_unique": offered.models_are_unique,
    "limits_are_coherent": bounds.limits_are_coherent,
    "limits_are_named": bounds.limits_are_named,
    "samples_fit": bounds.samples_fit,
    "results_are_of_their_type": results.results_are_of_their_type,
    "every_format_is_delivered": results.every_format_is_delivered,
    "word_times_follow": results.word_times_follow,
    "streams_can_be_left": results.streams_can_be_left,
    "jobs_are_brought_home": results.jobs_are_brought_home,
    "checks_are_free": checking.checks_are_free,
}
OVER_HTTP: Final[Mapping[str, Check]] = {
    "nobody_listens": faults.nobody_listens,
    "hang_up": faults.HANG_UP,
    "server_error": faults.SERVER_ERROR,
    "overloaded": faults.OVERLOADED,
    "gateway_timeout": faults.GATEWAY_TIMEOUT,
    "too_many_requests": faults.TOO_MANY,
    "key_refused": faults.KEY_REFUSED,
    "page_for_media": faults.PAGE_FOR_MEDIA,
    "empty_body": faults.EMPTY,
    "cut_body": faults.CUT,
    "cut_chunked_body": faults.CUT_IN_CHUNKS,
    "endless_errors_are_bounded": leaving.endless_errors_are_bounded,
    "errors_are_ours": said.errors_are_ours,
    "errors_are_discreet": said.errors_are_discreet,
    "leaving_is_noticed": leaving.leaving_is_noticed,
    "unread_answers_are_cut": leaving.unread_answers_are_cut,
}
CHECKS: Final[Mapping[str, Check]] = {**ALWAYS, **OVER_HTTP}


def checks(account: Account) -> Mapping[str, Check]:
    """Return the checks that apply to an account; only a vendor over HTTP can fail."""
    return CHECKS if account.over_http else ALWAYS
