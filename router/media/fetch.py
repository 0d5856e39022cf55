"""Downloading from addresses that callers name, without becoming their way into the network (SSRF)."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from router.contract.errors import Invalid
from router.contract.schema import Inline
from router.media.sniff import ENOUGH, sniff

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses of that host."""

GLOBAL_IPV6 = IPv6Network("2000::/3")
DISGUISES = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("3fff::/20"))
"""Inside 2000::/3 and yet not plainly there: 6to4 and Teredo carry IPv4 addresses, the rest is special use."""
REDIRECTS = (301, 302, 303, 307, 308)


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def reachable(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether a caller may have us connect there: public unicast addresses, and whatever is in `allowed`."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and (
        address not in GLOBAL_IPV6 or any(address in network for network in DISGUISES)
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


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


class Refused(Exception):
    """Why a download was not done; `fetch` says it in the caller's terms."""


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
            async with asyncio.timeout(self._patience), self._session() as session:
                data = await self._follow(session, url, limit)
        except TooLarge as error:
            message = f"what is at the URL is larger than {limit} bytes"
            raise Invalid(message, code="payload_too_large", status=413, param=param, limit=limit) from error
        except TimeoutError as error:
            message = f"the URL did not answer within {self._patience:g} seconds"
            raise Invalid(message, code=code, param=param, limit=self._patience) from error
        except (Refused, aiohttp.ClientError, ValueError) as error:
            raise Invalid(_told(error), code=code, param=param) from error
        media_type = sniff(data[:ENOUGH])
        if media_type is None:
            raise Invalid("what is at the URL is no media of a known type", code=code, param=param)
        return Inline(data, media_type)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=Checked(self._resolve, self._allowed),
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls if self._tls is not None else True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a few bytes can unpack to any number
            headers={"Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),  # `fetch` has one over everything
        )

    async def _follow(self, session: aiohttp.ClientSession, url: str, limit: int) -> bytes:
        target = URL(url)
        for _ in range(self._hops + 1):
            self._check(target)
            async with session.get(target, allow_redirects=False) as answer:
                location = answer.headers.get("Location")
                if answer.status in REDIRECTS and location is not None:
                    target = target.join(URL(location))
                    continue
                if answer.status != 200:
                    raise Refused(f"the URL answered with status {answer.status}")
                return await _body(answer, limit)
        raise Refused(f"the URL redirects more than {self._hops} times")

    def _check(self, url: URL) -> None:
        if url.scheme not in ("http", "https") or not url.host:
            raise Refused("only http and https URLs can be fetched")
        if url.user is not None or url.password is not None:
            raise Refused("a URL with a user name or password is not fetched")
        try:
            address = ipaddress.ip_address(url.host)
        except ValueError:
            return  # a name: `Checked` sees its addresses
        if not reachable(address, self._allowed):
            raise Refused("the URL leads to an address that is not public")


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


def _told(error: Exception) -> str:
    """Say what went wrong without repeating the URL, which may hold a signature."""
    match error:
        case Refused():
            return str(error)
        case aiohttp.ClientConnectorError(os_error=PermissionError(errno=None)):
            return "the URL leads to an address that is not public"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "the URL's server could not prove who it is"
        case ValueError():
            return "not a URL"
    return "the URL could not be read"
