"""Who is calling: team keys, stored as SHA-256 and looked up by it."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from router.contract import Unauthenticated
from router.media.addresses import Network
from router.teams import keys as digests

LOCAL: Final = "local"
"""The team of those who call from this machine while no teams are configured."""
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


class Keys(digests.Keys):
    """The keys of every team. Without any team the router serves only callers on its own machine."""

    def team_of(self, headers: Mapping[str, str], client: str | None) -> str:
        """Return the team a request belongs to; `client` is the address it came from.

        `headers` must match names whatever their case. Raises `Unauthenticated`.
        """
        if self.open:
            return _local(headers, client)
        key = presented(headers)
        if key is None:
            raise Unauthenticated(
                "no API key: send `Authorization: Bearer <key>`, `x-api-key` or `xi-api-key`", code="missing_api_key"
            )
        # How long it takes tells of the digest alone, and nobody can choose a key whose digest comes close.
        team = self.of_digest.get(sha256(key.encode()).digest())
        if team is None:
            raise Unauthenticated("this API key is not known")
        return team


def presented(headers: Mapping[str, str]) -> str | None:
    """Return the key a request carries, in any of the three spellings."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and (token := token.strip()):
        return token
    return headers.get("xi-api-key") or headers.get("x-api-key") or None


def is_local(headers: Mapping[str, str], client: str | None) -> bool:
    """Whether the caller is on this machine: a loopback address, and no proxy speaking for somebody else."""
    address = _direct(headers, client)
    return address is not None and address.is_loopback


def is_among(networks: Sequence[Network], headers: Mapping[str, str], client: str | None) -> bool:
    """Whether the caller's own address is in one of the networks: what a proxy there hands on is not."""
    address = _direct(headers, client)
    return address is not None and any(address in network for network in networks)


def _direct(headers: Mapping[str, str], client: str | None) -> IPv4Address | IPv6Address | None:
    """Return the address of a caller for whom no proxy speaks."""
    if client is None or any(name in headers for name in FORWARDED):
        return None
    try:
        address = ip_address(client)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _local(headers: Mapping[str, str], client: str | None) -> str:
    if is_local(headers, client):
        return LOCAL
    raise Unauthenticated(
        "no teams are configured, so only callers on the router's own machine are served: "
        "add a team with a key under `teams` in the router's configuration",
        code="no_keys_configured",
    )
