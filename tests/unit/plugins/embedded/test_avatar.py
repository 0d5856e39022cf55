import io
from pathlib import Path

import av
import numpy as np
import pytest

from plugins.embedded.avatar import FPS, animate, film
from plugins.embedded.mouth import Shape
from plugins.embedded.picture import Image
from router.contract import ContentRefused, Invalid, MediaError, Size
from router.media import Workers
from tests.unit.plugins.embedded.stills import RATE, drawn, encoded, frames, on_wall, portrait, silence, vowel, wav

BURSTS = np.concatenate((silence(0.4), vowel(0.4), silence(0.4), vowel(0.4), silence(0.44)))


def animated(face: bytes | Path, voice: bytes | Path, size: Size = Size.SQUARE) -> bytes:
    return b"".join(animate(iter(()), face, voice, size.pixels))


@pytest.fixture(scope="module")
def bursts() -> list[Image]:
    """The portrait saying "ah" twice, with silence before, between and after."""
    return frames(animated(drawn(), wav(BURSTS)))


@pytest.mark.parametrize(
    ("size", "seconds"), [(Size.SQUARE, 0.5), (Size.SQUARE, 1.03), (Size.LANDSCAPE, 0.25), (Size.PORTRAIT, 0.31)]
)
def test_mp4(size: Size, seconds: float) -> None:
    """Each size comes as H.264 at 25 frames a second with AAC, both as long as the voice to within a frame."""
    mp4 = animated(drawn(), wav(vowel(seconds)), size)
    with av.open(io.BytesIO(mp4), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.codec_context.width, video.codec_context.height) == size.pixels
        assert video.average_rate == FPS
        times = [float(frame.time or 0) for frame in container.decode(video)]
    assert times == pytest.approx([index / FPS for index in range(len(times))])
    assert abs(len(times) / FPS - seconds) < 1 / FPS + 1e-6
    with av.open(io.BytesIO(mp4), "r") as container:
        heard = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    assert abs(heard - seconds) < 2 * 1024 / RATE, "to within AAC's own frame and its priming"


def test_lips_follow_the_voice(bursts: list[Image]) -> None:
    """The dark of the open mouth comes and goes with the sound, in time to within a frame or two."""
    dark = np.array([(frame[395:460, 270:370].max(axis=2) < 60).sum() for frame in bursts], float)
    loud = np.repeat([0, 1, 0, 1, 0], [10, 10, 10, 10, 11])
    assert np.corrcoef(dark, loud)[0, 1] > 0.85
    lags = [np.corrcoef(np.roll(dark, -lag), loud)[0, 1] for lag in (-3, -2, -1, 0, 1, 2, 3)]
    assert abs(int(np.argmax(lags)) - 3) <= 1
    assert dark[loud == 1].max() > 200
    assert dark[[3, 25, 48]].max() < 20, "shut in the middle of each silence"


def test_blinks(bursts: list[Image]) -> None:
    """Within two seconds there is a moment at which the whites of the eyes are gone."""
    eyes = [frame[265:320, 215:425].astype(int) for frame in bursts]
    whites = [int(((eye.min(axis=2) > 190) & (np.ptp(eye, axis=2) < 35)).sum()) for eye in eyes]
    assert whites[0] > 400
    assert min(whites) < 0.05 * whites[0]


def test_streams_while_it_renders() -> None:
    """The first fragment is handed out when few of the frames have been asked for."""
    posed: list[float] = []

    def pose(seconds: float, shape: Shape) -> Image:
        posed.append(seconds)
        return np.full((48, 64, 3), round(200 * shape.opening), np.uint8)

    sent = b""
    chunks = film(pose, vowel(4.0), (64, 48))
    while b"moof" not in sent:
        sent += next(chunks)
    assert len(posed) <= 15
    shown = len(frames(sent))
    assert shown >= 1
    rest = sent + b"".join(chunks)
    assert len(frames(rest)) == len(posed) == 100


@pytest.mark.parametrize(
    "face",
    [
        encoded(portrait()[..., 1]),
        encoded(np.dstack((portrait(), np.full((640, 640), 255, np.uint8)))),
        encoded(on_wall(2600, 640, (1800, 0, portrait()))),
        encoded(portrait(), ".webp"),
    ],
    ids=["grey", "rgba", "wide", "webp"],
)
def test_faces_of_all_sorts(face: bytes) -> None:
    """A grey, a transparent, a very wide and a WebP portrait all speak."""
    shown = frames(animated(face, wav(vowel(0.2)), Size.LANDSCAPE))
    assert len(shown) == 5
    assert np.abs(shown[0].astype(float) - shown[-1]).mean() > 0.05


def test_files(tmp_path: Path) -> None:
    """Face and voice may be files."""
    face, voice = tmp_path / "face", tmp_path / "voice"
    face.write_bytes(drawn())
    voice.write_bytes(wav(vowel(0.2)))
    assert len(frames(animated(face, voice))) == 5


@pytest.mark.parametrize(
    ("face", "voice", "kind", "code", "param"),
    [
        (encoded(on_wall(400, 300)), wav(vowel(0.1)), ContentRefused, "no_face", "ref_image"),
        (b"no picture", wav(vowel(0.1)), Invalid, "invalid_image_format", "ref_image"),
        (drawn()[:9000], wav(vowel(0.1)), Invalid, "invalid_image_format", "ref_image"),
        (drawn(), wav(silence(0)), Invalid, "invalid_audio", None),
        (drawn(), wav(silence(61.5)), Invalid, "audio_too_long", "input"),
    ],
    ids=["nobody", "text", "damaged", "nothing said", "too long"],
)
def test_refused(face: bytes, voice: bytes, kind: type[MediaError], code: str, param: str | None) -> None:
    """What cannot be animated is refused before a byte of video, with a code and the field at fault."""
    with pytest.raises(kind) as refused:
        next(animate(iter(()), face, voice, (640, 640)))
    assert refused.value.code == code
    assert param is None or refused.value.param == param


async def test_in_a_worker() -> None:
    """As a job the video arrives in pieces, and a refusal arrives as itself."""
    async with Workers(1) as workers:
        running = await workers.start(animate, drawn(), wav(vowel(1.0)), (480, 640))
        pieces = [piece async for piece in running]
        assert len(pieces) > 2
        assert len(frames(b"".join(pieces))) == FPS
        with pytest.raises(ContentRefused) as refused:
            await workers.call(animate, encoded(on_wall(400, 300)), wav(vowel(0.1)), (640, 640))
        assert refused.value.code == "no_face"
