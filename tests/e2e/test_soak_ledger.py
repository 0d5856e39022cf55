"""The ledger's soak, in small: `make soak-ledger` sends 10,000."""

from benchmarks.soak_ledger import soak

REQUESTS = 400


async def test_the_ledger_equals_the_vendors_books() -> None:
    """Through failures, repeats, moves, hedges and callers who leave, every request's units and cost are the vendors' own."""
    figures = await soak(REQUESTS)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []

    figures.entries.append(figures.entries[-1])
    assert list(figures.breaches()), "an entry too many must be noticed"
    del figures.entries[-2:]
    assert list(figures.breaches()), "a missing entry must be noticed"
