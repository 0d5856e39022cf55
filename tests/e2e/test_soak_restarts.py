"""The restart soak, in small: `make soak-restarts` makes five rolling restarts."""

from benchmarks.soak_restarts import ROUTERS, soak


async def test_a_rolling_restart() -> None:
    """Routers are replaced one after the other under streaming callers, and none of them fails and no stream is cut."""
    figures = await soak(1)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.stopped == ROUTERS
