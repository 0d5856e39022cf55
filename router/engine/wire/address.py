"""Where a request goes: a URL taken apart, as it is quoted."""

from base64 import b64encode
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

import httpx

PORTS: Final = {"http": 80, "https": 443}
HIGHEST: Final = 65_535


class Origin(NamedTuple):
    """Whom a connection is made to."""

    tls: bool
    host: str
    port: int


class Address(NamedTuple):
    """A URL as a request needs it; `fields` are the headers that follow from it."""

    origin: Origin
    target: str
    fields: dict[str, str]


@lru_cache(maxsize=1024)
def located(url: str) -> Address:
    """Take a URL apart; what is quoted already stays as it is, for it may be signed.

    Raises `httpx.UnsupportedProtocol` or `httpx.InvalidURL` for one that leads nowhere.
    """
    found = httpx.URL(url)
    if found.scheme not in PORTS or not found.raw_host:
        raise httpx.UnsupportedProtocol("not an absolute URL of HTTP")
    port = PORTS[found.scheme] if found.port is None else found.port
    if not 0 < port <= HIGHEST:
        raise httpx.InvalidURL("no such port")
    host = found.raw_host.decode("ascii")
    if any(len(label) > 63 for label in host.split(".")):
        raise httpx.InvalidURL("no such name")
    fields = {"host": found.netloc.decode("ascii")}
    if found.userinfo:
        fields["authorization"] = f"Basic {b64encode(unquote_to_bytes(found.userinfo)).decode('ascii')}"
    return Address(Origin(found.scheme == "https", host, port), found.raw_path.decode("ascii"), fields)
