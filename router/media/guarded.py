"""The client for URLs that callers name: it connects to the very addresses that were checked, and to no others."""

import ipaddress
import socket
import ssl
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from router.media.addresses import NOT_PUBLIC, Address, Network, Refused, Resolve, reachable


class Checked(AbstractResolver):
    """Resolves for a connection and refuses there and then, so that what was checked is what is connected to."""

    def __init__(self, resolve: Resolve, allowed: Sequence[Network]) -> None:
        self._resolve = resolve
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the host's addresses of that family; one forbidden address among them condemns them all."""
        addresses = [ipaddress.ip_address(one) for one in await self._resolve(host, port)]
        if not all(reachable(one, self._allowed) for one in addresses):
            raise PermissionError(host)
        return [
            ResolveResult(
                hostname=host, host=str(one), port=port, family=_family(one), proto=0, flags=socket.AI_NUMERICHOST
            )
            for one in addresses
            if family in (socket.AF_UNSPEC, _family(one))
        ]

    async def close(self) -> None:
        """Nothing is held open."""


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def guarded(resolve: Resolve, allowed: Sequence[Network], tls: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """Return a client for URLs that were `checked`: pinned to checked addresses, no cookies, nothing kept or unpacked.

    It has no time limit of its own. `tls` replaces the default verification.
    """
    connector = aiohttp.TCPConnector(
        resolver=Checked(resolve, allowed),
        use_dns_cache=False,
        force_close=True,
        ssl=tls if tls is not None else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a few bytes can unpack to any number
        headers={"Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None),
    )


def explained(error: aiohttp.ClientError | ValueError) -> Exception:
    """Return what a client of `guarded` raised as `Refused`, or as a `ConnectionError` that does not repeat the URL.

    A URL may hold a signature.
    """
    match error:
        case aiohttp.ClientConnectorError(os_error=PermissionError(errno=None)):
            return Refused(NOT_PUBLIC)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return ConnectionError("the URL's server could not prove who it is")
        case ValueError():
            return Refused("not a URL")
    return ConnectionError("the URL could not be read")
