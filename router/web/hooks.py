"""POST /v1/hooks/{provider}: a provider says that one of its jobs has ended. It is asked at once; it is never believed.

Open to whoever can sign, and no part of the schema: no team calls it.
"""

from typing import Any, Final

from litestar import Request, post
from litestar.params import FromPath

from router.contract import Invalid, NotFound
from router.jobs.hints import heed, sync_hint
from router.web.arrival import Arriving
from router.web.ops import site_of

HOOKS: Final = "/v1/hooks"
LARGEST: Final = 256 * 1024
"""Bytes of a notice: it repeats the whole order, texts included."""


@post(f"{HOOKS}/{{provider:str}}", status_code=204, include_in_schema=False)
async def hear_provider(request: Request[Any, Any, Any], provider: FromPath[str]) -> None:
    """Look at a provider's job before its time. A job that is not ours, or not waited for, is passed over."""
    site = site_of(request)
    secret = site.signers.get(provider)
    if secret is None:
        raise NotFound(f"no provider {provider[:60]!r} with a webhook secret is configured")
    now = site.jobs.clock.wall()
    hint = sync_hint(provider, (secret,), request.headers, await small_body(request), now)
    if await heed(hint, site.jobs.rows, now):
        site.jobs.scheduler.wake()


async def small_body(request: Request[Any, Any, Any]) -> bytes:
    """Return a body that anybody may have sent. Raises `Invalid`, as soon as it is too large or too slow."""
    request.receive = Arriving(request.receive)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Invalid(f"a notice may have {LARGEST} bytes", status=413, code="payload_too_large", limit=LARGEST)
    return bytes(body)
