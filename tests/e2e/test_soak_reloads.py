"""The reload soak, in small: `make soak-reloads` reloads 200 times."""

from benchmarks.soak_reloads import BY_FILE, CALLERS, soak

RELOADS = BY_FILE + 2


async def test_a_few_reloads() -> None:
    """However often the configuration changes under streaming callers, none of them fails and no stream is cut."""
    figures = await soak(RELOADS)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.streams > RELOADS * CALLERS
