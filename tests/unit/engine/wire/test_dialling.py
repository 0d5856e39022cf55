import asyncio
import ssl

import pytest

from router.engine.wire.dialling import Dialling


class Authorities:
    """What certificates are checked against; the first `faults` times it cannot be read."""

    def __init__(self, faults: int = 0) -> None:
        self.faults = faults
        self.read = 0

    def __call__(self) -> ssl.SSLContext:
        self.read += 1
        if self.read <= self.faults:
            raise OSError("no such file")
        return ssl.create_default_context()


async def test_authorities_are_read_once_for_all() -> None:
    """A burst of first calls to a vendor reads them once, and one of these that is called off takes nobody else's away."""
    authorities = Authorities()
    dialling = Dialling(1.0, authorities)
    asking = [asyncio.create_task(dialling._checking()) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    _, *found = await asyncio.gather(*asking, return_exceptions=True)
    assert authorities.read == 1
    assert set(found) == {await dialling._checking()}


async def test_authorities_are_tried_again() -> None:
    """What could not be read is read for the next who asks."""
    dialling = Dialling(1.0, Authorities(faults=1))
    with pytest.raises(OSError, match="no such file"):
        await dialling._checking()
    assert isinstance(await dialling._checking(), ssl.SSLContext)
