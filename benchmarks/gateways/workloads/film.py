"""A talking head as it renders: a picture and a voice go up, fragments of an MP4 come back to a beat."""

from collections.abc import Iterator
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.stand import Ask, Load, Stand
from benchmarks.gateways.workloads import asks
from router.contract import AudioFormat
from router.testing.media import picture, sound

AT_ONCE: Final = 16


def measure(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Ask for films of a second."""
    got = stand.gauge(running, request(), Load(AT_ONCE, stand.seconds, marked=True))
    yield "film/first-p50", got.first(0.50)
    yield "film/late-p99", got.late(0.99)
    yield "film/cpu", got.cpu_each


def request() -> Ask:
    """Return a talking-head request as Boson's clients make it."""
    return asks.form(
        "/v1/videos/stream",
        {"model": "film"},
        ref_image=("face.png", picture(256), "image/png"),
        input=("voice.wav", sound(AudioFormat.WAV), "audio/wav"),
    )
