"""The cut soak, in small: `make soak-cuts` cuts 10,000."""

from collections.abc import Callable

from benchmarks.cut_callers import Ending
from benchmarks.soak_cuts import soak

CUTS = 300


async def test_three_hundred(needs: Callable[[str], str]) -> None:
    """Of streams cut at a random byte httpx, curl and OpenAI's client take none for whole, and those not cut for that."""
    needs("curl")
    figures = await soak(CUTS, iter)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.of(Ending.INCOMPLETE) == CUTS
    assert figures.of(Ending.WHOLE) == figures.due[Ending.WHOLE] > CUTS / 10
