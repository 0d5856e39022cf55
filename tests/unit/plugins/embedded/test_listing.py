from plugins.embedded.listing import Listing
from router.media import Workers


async def test_voices_are_listed_once() -> None:
    """Whoever asks again is answered without a worker: here there is none any more."""
    listing = Listing()
    async with Workers(1) as workers:
        voices, variants = await listing.read(workers)
    assert len(voices) > 100
    assert "f1" in variants
    assert await listing.read(workers) == (voices, variants)
