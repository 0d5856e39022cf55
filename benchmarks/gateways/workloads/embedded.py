"""What only we do: speak and animate on this machine, by the embedded provider."""

from collections.abc import Iterator
from typing import Final

from benchmarks.gateways.contestants import Running
from benchmarks.gateways.stand import Ask, Load, Stand
from benchmarks.gateways.workloads import asks
from plugins.embedded.portrait import draw_portrait
from router.contract import AudioFormat
from router.testing.media import sound

FILM: Final = 5.0
"""Seconds of voice that the portrait speaks."""
FILM_WITHIN: Final = 120.0


def measure(stand: Stand, running: Running) -> Iterator[tuple[str, float]]:
    """Have the machine itself speak and animate."""
    said = stand.gauge(running, asks.speech("local", voice="en-us", response_format="pcm"), Load(1, stand.seconds))
    yield "embedded/first", said.first(0.50)
    filmed = stand.gauge(running, portrait(), Load(1, FILM_WITHIN, each=1))
    yield "embedded/portrait", FILM / (filmed.whole(1.0) / 1e3)


def portrait() -> Ask:
    """Return a request for a film of a drawn face."""
    return asks.form(
        "/v1/videos/stream",
        {"model": "portrait"},
        ref_image=("face.png", draw_portrait(), "image/png"),
        input=("voice.wav", sound(AudioFormat.WAV, FILM), "audio/wav"),
    )
