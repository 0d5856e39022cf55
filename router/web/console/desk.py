"""What the console works with, beside what every route does."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from router.contract import NotAllowed, Unauthenticated
from router.engine.settings import RouterSettings
from router.web.auth import is_local, presented
from router.web.console.recent import Memory

ALGORITHM: Final = "sha256:"
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Desk(msgspec.Struct, frozen=True):
    """The configuration in force, what was seen lately, and the digests of the keys that open the console.

    `admins` without any: it is open to the router's own machine, where the router itself is.
    """

    settings: RouterSettings
    memory: Memory
    admins: frozenset[bytes] = frozenset()

    def admit(self, headers: Mapping[str, str], client: str | None, *, keyless: bool) -> None:
        """Let an operator in; `keyless` says that the router has no teams. Raises `Unauthenticated` or `NotAllowed`."""
        if self.admins:
            key = presented(headers)
            if key is None:
                raise Unauthenticated("the console needs an admin key", code="missing_admin_key")
            if sha256(key.encode()).digest() not in self.admins:
                raise Unauthenticated("this admin key is not known", code="invalid_admin_key")
        elif not (keyless and is_local(headers, client) and named_local(headers)):
            raise NotAllowed(
                "the console is closed: put the SHA-256 of a key into `server.admin_keys` of the router's configuration",
                code="no_admin_keys",
            )


def named_local(headers: Mapping[str, str]) -> bool:
    """Whether the caller means this machine by name: a page whose own name was made to lead here does not."""
    host = headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in LOCAL_NAMES


def digests(written: Sequence[str]) -> frozenset[bytes]:
    """Return the digests of keys as the configuration has them."""
    return frozenset(bytes.fromhex(one.removeprefix(ALGORITHM)) for one in written)
