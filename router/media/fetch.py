"""Downloading from addresses that callers name, without becoming their way into the network (SSRF)."""

import asyncio
import ssl
from collections.abc import Sequence

import aiohttp
from yarl import URL

from router.contract.errors import Invalid
from router.contract.media import Inline
from router.media.addresses import Network, Refused, Resolve, checked, system_resolve
from router.media.guarded import explained, guarded
from router.media.sniff import ENOUGH, sniff

REDIRECTS = (301, 302, 303, 307, 308)


class Fetcher:
    """Downloads media over http(s): no credentials, no private addresses at any hop, bounded in bytes and time.

    `allowed` networks may be private. `tls` replaces the default verification. `patience` is in seconds,
    for the whole download.
    """

    def __init__(
        self,
        resolve: Resolve = system_resolve,
        *,
        allowed: Sequence[Network] = (),
        patience: float = 30.0,
        hops: int = 3,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._allowed = tuple(allowed)
        self._patience = patience
        self._hops = hops
        self._tls = tls

    async def fetch(self, url: str, limit: int, *, param: str | None = None, code: str = "invalid_url") -> Inline:
        """Return what is at `url`, at most `limit` bytes of a known media type.

        Raises Invalid with `param` and `code`; with `payload_too_large` and status 413 beyond the limit.
        """
        try:
            async with asyncio.timeout(self._patience), guarded(self._resolve, self._allowed, self._tls) as session:
                data = await self._follow(session, url, limit)
        except TooLarge as error:
            message = f"what is at the URL is larger than {limit} bytes"
            raise Invalid(message, code="payload_too_large", status=413, param=param, limit=limit) from error
        except TimeoutError as error:
            message = f"the URL did not answer within {self._patience:g} seconds"
            raise Invalid(message, code=code, param=param, limit=self._patience) from error
        except Refused as error:
            raise Invalid(str(error), code=code, param=param) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Invalid(str(explained(error)), code=code, param=param) from error
        media_type = sniff(data[:ENOUGH])
        if media_type is None:
            raise Invalid("what is at the URL is no media of a known type", code=code, param=param)
        return Inline(data, media_type)

    async def _follow(self, session: aiohttp.ClientSession, url: str, limit: int) -> bytes:
        target = checked(url, self._allowed)
        for _ in range(self._hops + 1):
            async with session.get(target, allow_redirects=False) as answer:
                location = answer.headers.get("Location")
                if answer.status in REDIRECTS and location is not None:
                    target = checked(target.join(URL(location)), self._allowed)
                    continue
                if answer.status != 200:
                    raise Refused(f"the URL answered with status {answer.status}")
                return await _body(answer, limit)
        raise Refused(f"the URL redirects more than {self._hops} times")


class TooLarge(Exception):
    """The body went on past its limit."""


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    if answer.content_length is not None and answer.content_length > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)
