"""What errors say: always one of the contract's, never a word that was meant for somebody else."""

from collections.abc import Mapping
from typing import Final

from router.contract import ProviderFailed, Request, RequestRejected
from router.testing.account import Account, Call, calls
from router.testing.acts import Reply
from router.testing.claims import claim
from router.testing.faults import PAGE, SAYS, plainly
from router.testing.golden import drained

ODD: Final[dict[str, Reply]] = {
    "a redirect": Reply(PAGE, 302, "text/html", {"Location": "http://127.0.0.1:9/"}),
    "no content": Reply(b"", 204, None),
    "a teapot": Reply(PAGE, 418, "text/html"),
    "half a JSON error": Reply(b'{"error": {"message": "upstream-says-this', 400, "application/json"),
    "an error that is a list": Reply.of_json([SAYS], 422),
    "an error that is a number": Reply.of_json({"error": 7, "detail": 7, "code": 7, "message": 7}, 404),
    "bytes that are no text": Reply(b"\xff\xfe\xff" * 9, 402, "application/json"),
}


async def errors_are_ours(account: Account) -> None:
    """Whatever comes, what is raised is of the contract."""
    for sample in account.samples:
        for what, error in await raised(account, sample, ODD):
            ours = isinstance(error, ProviderFailed | RequestRejected)
            claim(ours, f"after {what}: {type(error).__name__}, which is none of the contract's errors")


async def errors_are_discreet(account: Account) -> None:
    """The text of an error repeats neither the caller's words nor the key nor what the vendor wrote."""
    for sample in account.samples:
        secrets = {SAYS: "what the vendor wrote", **private(account, sample)}
        told = " ".join(secrets)
        answer = {"error": {"message": told}, "detail": told, "message": told}
        replies = {str(status): Reply.of_json(answer, status) for status in (200, 400, 401, 404, 422, 429, 500)}
        for _, error in await raised(account, sample, replies):
            discreet(error, secrets)


def discreet(error: Exception, secrets: Mapping[str, str]) -> None:
    """Claim that nothing of the secrets can be read in an error."""
    shown = f"{error} {error!r} {getattr(error, 'param', '')} {getattr(error, 'limit', '')}"
    for secret, what in secrets.items():
        claim(secret not in shown, f"{type(error).__name__} repeats {what}")


def private(account: Account, request: Request) -> dict[str, str]:
    """Return what no error may repeat, and what it is."""
    key = getattr(account.settled(), "api_key", None)
    words = [getattr(one, "text", None) for one in (request, getattr(request, "voice", None))]
    words += [message.content for message in getattr(request, "messages", ())]
    found = {text: "the caller's words" for text in words if text}
    return {**found, key: "the key"} if key else found


async def raised(account: Account, sample: Request, replies: Mapping[str, Reply]) -> list[tuple[str, Exception]]:
    """Return what every call raises after each of the replies, by the reply's name."""
    found: list[tuple[str, Exception]] = []
    async with account.served(sample) as (provider, vendor):
        under_test = await calls(provider, sample)
        for what, reply in replies.items():
            account.play(vendor, sample, plainly(reply))
            found += [(what, error) for call in under_test if (error := await error_of(call)) is not None]
    return found


async def error_of(call: Call) -> Exception | None:
    """Return what a call raises, in its stream at the latest."""
    try:
        await drained(await call.make())
    except Exception as error:  # noqa: BLE001 - a foreign error is what we look for
        return error
    return None
