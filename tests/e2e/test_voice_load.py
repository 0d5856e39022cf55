"""Many people talking at once, in small: `make soak-voice` has 200 of them, and a core for the router alone."""

from benchmarks.voice_load import load

SOCKETS = 8


async def test_eight() -> None:
    """Everybody is answered, no frame is lost or torn, and the router's own count of turns is that of its callers."""
    figures = await load(SOCKETS, 1.0)
    print(f"\n{figures}")

    assert figures.wrong == []
    assert len(figures.turns) == SOCKETS
    assert min(figures.turns) >= 1
    assert figures.told == sum(figures.turns)
    assert len(figures.late) == 75 * sum(figures.turns)
