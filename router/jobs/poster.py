"""One POST to an address that a caller named: never into the network, never longer than it may take."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import aiohttp

from router.jobs.post import LINGER, PATIENCE, Answer, NoAnswer
from router.media.addresses import Network, Refused, Resolve, checked, system_resolve
from router.media.guarded import explained, guarded

READ: Final = 1024
"""Bytes of an answer's body that are read, so that a polite receiver can finish; then they are thrown away."""
SAID: Final = {"Content-Type": "application/json", "User-Agent": "media-router"}


class Poster:
    """Posts to public addresses, and to those in `allowed`; a name is resolved once and its addresses are checked.

    Redirects are answers. `patience` is in seconds, for everything up to the answer's headers. `tls` replaces the
    default verification.
    """

    def __init__(
        self,
        resolve: Resolve = system_resolve,
        *,
        allowed: Sequence[Network] = (),
        patience: float = PATIENCE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._allowed = tuple(allowed)
        self._patience = patience
        self._tls = tls

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer, whatever its status. Raises `NoAnswer` and `Refused`."""
        target = checked(url, self._allowed)
        try:
            async with guarded(self._resolve, self._allowed, self._tls) as session:
                async with asyncio.timeout(self._patience):
                    answer = await session.post(target, headers={**SAID, **headers}, data=body, allow_redirects=False)
                await _drain(answer)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._patience:g} seconds") from error
        except (aiohttp.ClientError, ValueError) as error:
            known = explained(error)
            raise known if isinstance(known, Refused) else NoAnswer(str(known)) from error
        return Answer(answer.status, answer.headers)


async def _drain(answer: aiohttp.ClientResponse) -> None:
    """Read a little of the body. Whatever becomes of it, the status has been given."""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(LINGER):
            await answer.content.read(READ)
    answer.close()
