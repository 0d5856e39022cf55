import pytest

from router.contract import AudioFormat, Size
from router.media import Workers, plausible, probe, sniff
from router.testing.media import film, picture, sound, tone


@pytest.mark.parametrize("wanted", AudioFormat)
def test_sound(wanted: AudioFormat) -> None:
    """The hum is in the format asked for."""
    assert plausible(wanted, sound(wanted))
    assert len(tone(0.5)) == 24_000


async def test_pictures_can_be_decoded() -> None:
    """The picture and the film are real ones, of the size they say."""
    assert (sniff(picture()), sniff(film())) == ("image/png", "video/mp4")
    async with Workers(1) as workers:
        still, moving = await probe(workers, picture(32)), await probe(workers, film(Size.PORTRAIT))
    assert (still.kind, still.width, still.height) == ("image", 32, 32)
    assert (moving.kind, moving.width, moving.height) == ("video", 480, 640)
    assert moving.seconds == pytest.approx(0.2, abs=0.1)
