from plugins.embedded.listing import Listing


async def test_voices_are_listed_once() -> None:
    """All are there, and whoever asks again is given the very same list."""
    listing = Listing()
    voices, variants = await listing.read()
    assert len(voices) > 100
    assert "f1" in variants
    again, _ = await listing.read()
    assert again is voices
