"""The callers of the cut soak: httpx, curl and OpenAI's client, each in all its ways to read speech."""

import asyncio
import enum
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
import httpx2
import openai

PATH: Final = "/v1/audio/speech"
PATIENCE: Final = 60.0
"""Seconds. A caller who loses patience has seen nothing: that is a failure of the soak."""
BROKE: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx2.RemoteProtocolError, httpx2.ReadError)
"""What httpx raises for an answer that is not complete, and httpx2, which is under OpenAI's client and shines through."""
CURL_BROKE: Final = frozenset({18, 56, 92})
"""curl's exit codes for a partial file, a failure to receive, and an HTTP/2 stream that was not closed cleanly."""
CURL_REFUSED: Final = 22
FAULTS: Final = (httpx.HTTPError, httpx2.HTTPError, openai.OpenAIError, RuntimeError)
"""What else a caller may raise: a refused connection, lost patience. None of it is an answer seen as incomplete."""


class Ending(enum.StrEnum):
    """What a caller made of an answer."""

    WHOLE = "whole"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"


@dataclass(frozen=True)
class Seen:
    """What a caller made of an answer, the bytes in its hands, and how it was told.

    A call that returns all or nothing leaves None in its caller's hands.
    """

    ending: Ending
    body: bytes | None
    told: str = ""


Body = Mapping[str, Any]
Caller = Callable[[Body], Awaitable[Seen]]


class Callers:
    """All of them, towards one router."""

    def __init__(self, url: str, client: httpx.AsyncClient, sdk: openai.AsyncOpenAI) -> None:
        self.url = url
        self.client = client
        self.sdk = sdk
        self.by_client: Mapping[str, Mapping[str, Caller]] = {
            "httpx": {"whole": self.httpx_whole, "stream": self.httpx_stream},
            "curl": {
                "http1.1": partial(self.curl, "--http1.1"),
                "http2": partial(self.curl, "--http2-prior-knowledge"),
            },
            "openai": {"whole": self.openai_whole, "stream": self.openai_stream, "events": self.openai_events},
        }

    async def httpx_whole(self, body: Body) -> Seen:
        """Post, and take what comes back."""
        try:
            answer = await self.client.post(self.url + PATH, json=body)
        except BROKE as error:
            return Seen(Ending.INCOMPLETE, None, type(error).__name__)
        return Seen(Ending.WHOLE if answer.is_success else Ending.REFUSED, answer.content, str(answer.status_code))

    async def httpx_stream(self, body: Body) -> Seen:
        """Read as it comes."""
        async with self.client.stream("POST", self.url + PATH, json=body) as answer:
            if not answer.is_success:
                return Seen(Ending.REFUSED, None, str(answer.status_code))
            return await collected(answer.aiter_raw())

    async def curl(self, version: str, body: Body) -> Seen:
        """Run curl, which has an exit code for everything."""
        pipe = asyncio.subprocess.PIPE
        data = ("-H", "content-type: application/json", "-d", httpx.Request("POST", self.url, json=body).content)
        command = ("curl", "-sSf", version, "--max-time", str(PATIENCE), "-o", "-", *data, self.url + PATH)
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        heard, told = await process.communicate()
        code = process.returncode or 0
        endings = {0: Ending.WHOLE, CURL_REFUSED: Ending.REFUSED} | dict.fromkeys(CURL_BROKE, Ending.INCOMPLETE)
        if code not in endings:
            raise RuntimeError(told.decode())
        return Seen(endings[code], heard, f"exit code {code}")

    async def openai_whole(self, body: Body) -> Seen:
        """Speak with the SDK, and take what comes back."""
        try:
            answer = await self.sdk.audio.speech.create(**body)
        except openai.APIConnectionError as error:
            if not isinstance(error.__cause__, BROKE):
                raise
            return Seen(Ending.INCOMPLETE, None, type(error).__name__)
        except openai.APIStatusError as error:
            return Seen(Ending.REFUSED, None, str(error.status_code))
        return Seen(Ending.WHOLE, answer.content)

    async def openai_stream(self, body: Body) -> Seen:
        """Speak with the SDK, and read as it comes."""
        try:
            async with self.sdk.audio.speech.with_streaming_response.create(**body) as answer:
                return await collected(answer.iter_bytes())
        except openai.APIStatusError as error:
            return Seen(Ending.REFUSED, None, str(error.status_code))

    async def openai_events(self, body: Body) -> Seen:
        """Have the SDK read the events of a speech: it raises for an `error`, and there has to be a last one."""
        asked = {**body, "stream_format": "sse"}
        got, kind = bytearray(), ""
        try:
            events = await self.sdk.post(
                "/audio/speech", cast_to=object, body=asked, stream=True, stream_cls=openai.AsyncStream[object]
            )
            async for event in events:
                kind, audio = fields(event)
                got += audio
        except openai.APIStatusError as error:
            return Seen(Ending.REFUSED, None, str(error.status_code))
        except openai.APIError as error:
            return Seen(Ending.INCOMPLETE, bytes(got), type(error).__name__)
        if kind != "speech.audio.done":
            raise RuntimeError(f"the events end with {kind!r}, and with no error")
        return Seen(Ending.WHOLE, bytes(got))


def fields(event: Any) -> tuple[str, bytes]:
    """Return an event's type and the sound in it."""
    return event["type"], b64decode(event.get("audio", ""))


async def collected(chunks: AsyncIterator[bytes]) -> Seen:
    """Read to the end, or as far as it goes."""
    got = bytearray()
    try:
        async for chunk in chunks:
            got += chunk
    except BROKE as error:
        return Seen(Ending.INCOMPLETE, bytes(got), type(error).__name__)
    return Seen(Ending.WHOLE, bytes(got))
