"""What a provider hands back when all is well."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from router.contract import (
    AudioFormat,
    AvatarRequest,
    ByteStream,
    Clip,
    JobOffer,
    Provider,
    Reply,
    Request,
    Result,
    Speech,
    SpeechRequest,
    Ticket,
    Transcript,
)
from router.media import plausible, sniff
from router.testing.account import Account, calls, taking
from router.testing.claims import claim
from router.testing.golden import drained
from router.testing.offered import PAIRS

ISO_BASE_MEDIA: Final = "video/mp4"


async def results_are_of_their_type(account: Account) -> None:
    """Each sample is answered with the result that belongs to it, and there is something in it."""
    await account.each(answered, account.samples)


async def answered(provider: Provider[Any], request: Request) -> None:
    """Claim that every offer answers a request properly."""
    for offer in taking(provider, request):
        result: Result = await offer.handle(request)  # type: ignore[arg-type] # `accepts` says that they match
        wanted = Ticket if isinstance(offer, JobOffer) else PAIRS[type(request)][1]
        what = offer.handle.__name__
        claim(isinstance(result, wanted), f"{what} gives a {type(result).__name__} and no {wanted.__name__}")
        filled(result, await drained(result), what)


def filled(result: Result, content: bytes, what: str) -> None:
    """Claim that there is something in a result, and that it is what it says it is."""
    match result:
        case Transcript():
            claim(result.text, f"{what} gives no text")
        case Ticket():
            claim(result.provider_id, f"{what} gives a ticket without an id")
        case Clip():
            seen = sniff(content)
            claim(seen == result.media_type, f"{what} says {result.media_type} and gives {seen}")
        case Speech():
            heard = plausible(result.format, content)
            claim(content and heard is not False, f"{what} says {result.format} and gives something else")
            claim(result.sample_rate > 0 and result.channels > 0, f"{what} gives sound without a rate or channels")
        case Reply():
            claim(content, f"{what} gives no text")


async def every_format_is_delivered(account: Account) -> None:
    """Speech comes in the format asked for, in each format that is listed."""
    await account.each(in_format, [one for sample in account.samples for one in in_every_format(sample)])


def in_every_format(sample: Request) -> Iterator[Request]:
    """Yield a speech sample in every format there is."""
    if isinstance(sample, SpeechRequest):
        yield from (msgspec.structs.replace(sample, format=one) for one in AudioFormat)


async def in_format(provider: Provider[Any], request: Request) -> None:
    """Claim that an offer that lists the request's format delivers it."""
    for offer in taking(provider, request):
        if isinstance(request, SpeechRequest) and request.format in getattr(offer.limits, "formats", ()):
            result = await offer.handle(request)  # type: ignore[arg-type] # `accepts` says that they match
            content = await drained(result)
            given = result.format if isinstance(result, Speech) else None
            claim(given is request.format, f"asked for {request.format}, {offer.handle.__name__} gives {given}")
            filled(result, content, offer.handle.__name__)


async def word_times_follow(account: Account) -> None:
    """Where word times are offered they come when asked for, one after another, and of words in the text."""
    asked = [msgspec.structs.replace(one, words=True) for one in account.samples if isinstance(one, SpeechRequest)]
    await account.each(timed, asked)


async def timed(provider: Provider[Any], request: Request) -> None:
    """Claim that the words of a speech follow one another."""
    for offer in taking(provider, request):
        result = await offer.handle(request)  # type: ignore[arg-type] # `accepts` says that they match
        await drained(result)
        words = result.words if isinstance(result, Speech) else ()
        claim(words, "no word times although they are offered and were asked for")
        times = [time for word in words for time in (word.start, word.end)]
        claim(times == sorted(times) and times[0] >= 0, f"word times that do not follow one another: {times}")


async def streams_can_be_left(account: Account) -> None:
    """A result's stream can be closed unread, and twice."""
    await account.each(left, account.samples)


async def left(provider: Provider[Any], request: Request) -> None:
    """Close what every call gives without reading it."""
    for call in await calls(provider, request):
        chunks = getattr(await call.make(), "chunks", None)
        if chunks is not None:
            await closed_twice(chunks, call.what)


async def closed_twice(chunks: ByteStream, what: str) -> None:
    """Claim that closing a stream that is closed does nothing."""
    await chunks.aclose()
    try:
        await chunks.aclose()
    except Exception as error:
        raise AssertionError(f"what {what} gives cannot be closed twice: {error!r}") from error


async def jobs_are_brought_home(account: Account) -> None:
    """A job's ticket names it each time, and what is collected is its film."""
    await account.each(brought, [one for one in account.samples if isinstance(one, AvatarRequest)])


async def brought(provider: Provider[Any], request: Request) -> None:
    """Create a job, look at it and collect its film."""
    for offer in taking(provider, request):
        if isinstance(offer, JobOffer) and isinstance(request, AvatarRequest):
            made = await offer.handle(request)
            seen = await offer.poll(made.provider_id)
            claim(isinstance(seen, Ticket), f"{offer.poll.__name__} gives no ticket")
            claim(seen.provider_id == made.provider_id, "a look at a job names another one")
            film = await offer.collect(made.provider_id)
            claim(isinstance(film, Clip), f"{offer.collect.__name__} gives no film")
            filled(film, await drained(film), offer.collect.__name__)
