"""Where a caller may have us connect to, so that no URL becomes a way into the network (SSRF)."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses of that host."""

GLOBAL_IPV6 = IPv6Network("2000::/3")
DISGUISES = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("3fff::/20"))
"""Inside 2000::/3 and yet not plainly there: 6to4 and Teredo carry IPv4 addresses, the rest is special use."""
NOT_PUBLIC = "the URL leads to an address that is not public"


class Refused(Exception):
    """Why a URL is not asked; the text does not repeat it."""


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


def checked(url: str | URL, allowed: Sequence[Network] = ()) -> URL:
    """Return the URL parsed. Raises `Refused` unless it is plain http(s) to a name or to an address within reach."""
    try:
        parsed = URL(url)
    except ValueError as error:
        raise Refused("not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Refused("only http and https URLs are asked")
    if parsed.user is not None or parsed.password is not None:
        raise Refused("a URL with a user name or password is not asked")
    try:
        address = ipaddress.ip_address(parsed.host)
    except ValueError:
        return parsed  # a name: `Checked` sees its addresses
    if not reachable(address, allowed):
        raise Refused(NOT_PUBLIC)
    return parsed
