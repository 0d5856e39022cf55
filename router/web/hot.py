"""The way past the framework for hot routes: docs/adr/0019-past-the-framework.md.

It takes ordinary requests alone, and does with them what litestar's way would. What is long, is said twice or in another
spelling, or has an Idempotency-Key goes litestar's way, where all of that is seen to.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from re import compile as regex
from typing import Any, Final

import msgspec
from litestar.exceptions import InternalServerException
from litestar.types import Receive, Scope, Send

from router.web.answer import say
from router.web.arrival import Arriving
from router.web.body import JSON
from router.web.dialects import OPENAI
from router.web.idempotency import IDEMPOTENCY_KEY
from router.web.problems import known, refusal
from router.web.site import TIMEOUT, Call, Hot, Site, patience_of

HOST: Final = regex(r"[A-Za-z0-9.-]*(:[0-9]+)?")
DIGITS: Final = 5
"""Of a body's length: up to 100 KB, longer than any text that is spoken."""


class Arrived(msgspec.Struct, frozen=True):
    """An ordinary request, its headers read, its body still to come."""

    scope: Scope
    headers: Mapping[str, str]
    receive: Receive


def piece_of(message: Any) -> bytes:
    """Return what came of a body. Raises litestar's error when nothing will come any more."""
    if message["type"] == "http.disconnect":
        raise InternalServerException("the caller left")
    piece: bytes = message["body"]
    return piece


def ordinary(raw: Sequence[tuple[bytes, bytes]]) -> Mapping[str, str] | None:
    """Return a request's headers if it can go this way."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    fine = (
        headers.get("content-type") == JSON
        and is_short(headers.get("content-length", ""))
        and is_plain(headers.get("host", ""))
        and IDEMPOTENCY_KEY not in headers
        and len(headers) == len(raw)
    )
    return headers if fine else None


def is_short(length: str) -> bool:
    """Whether a body is as short as texts are, and its length said in digits alone."""
    return len(length) <= DIGITS and length.isdecimal()


@lru_cache(maxsize=64)
def is_plain(host: str) -> bool:
    """Whether a host is a name or an address without anything about it. Callers know a router by few."""
    return HOST.fullmatch(host) is not None


async def serve(site: Site, begin: Hot, arrived: Arrived, send: Send) -> None:
    """Answer a request in OpenAI's dialect. It stays with the site that was in force when it came."""
    headers, receive = arrived.headers, Arriving(arrived.receive)
    request_id = site.id_of(headers)
    with site.uses:
        try:
            team = site.team_of(arrived.scope, headers)
            patience = patience_of([headers[TIMEOUT]]) if TIMEOUT in headers else None
            size, body = int(headers["content-length"]), piece_of(await receive())
            while len(body) < size:
                body += piece_of(await receive())
            answer = begin(Call(site, team, request_id, OPENAI, patience), body)
        except Exception as error:  # noqa: BLE001 - the border: whatever it was, the caller gets an answer
            await say(refusal(known(error, request_id), request_id), send)
            return
        await answer(arrived.scope, arrived.receive, send)
