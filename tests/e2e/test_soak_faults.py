"""The fault soak, in small: `make soak-faults` sends 100,000."""

from benchmarks.soak_faults import BUDGET, soak

REQUESTS = 3000


async def test_three_thousand() -> None:
    """With two of three targets misbehaving in twelve ways not one failure reaches a caller, within every budget."""
    figures = await soak(REQUESTS, iter)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.outcomes["ok"] == REQUESTS
    assert 1 < figures.most <= BUDGET
