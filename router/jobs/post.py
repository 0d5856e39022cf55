"""What it is to post to an address that a caller named, and which addresses are refused at once."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from router.contract import Invalid
from router.media.addresses import Network, Refused, checked

PATIENCE: Final = 15.0
"""Seconds for a receiver to answer."""
LINGER: Final = 1.0
"""Seconds to wait for what else it says."""


class Answer(msgspec.Struct, frozen=True):
    """What a receiver said; names of headers match whatever their case."""

    status: int
    headers: Mapping[str, str] = {}


class NoAnswer(Exception):
    """The receiver did not answer; the text says why and does not repeat its URL."""


class Post(Protocol):
    """How a webhook goes out."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer, whatever its status. Raises `NoAnswer`, and `Refused` where the URL must not be asked."""


def check_url(url: str, param: str, allowed: Sequence[Network] = ()) -> None:
    """Refuse early what would be refused at delivery. Raises `Invalid`; a name's addresses are seen only then."""
    try:
        checked(url, allowed)
    except Refused as error:
        raise Invalid(f"`{param}`: {error}", code="invalid_url", param=param) from error
