import io
import wave

import numpy as np
from numpy.typing import NDArray

from plugins.embedded import EmbeddedProvider
from router.contract import Inline, SpeechRequest

Samples = NDArray[np.int16]
RATE = 24_000


async def spoken(
    provider: EmbeddedProvider, text: str, voice: str | None = None, speed: float | None = None
) -> Samples:
    """All of what the provider says, as samples."""
    speech = await provider.speak(SpeechRequest(text=text, voice=voice, speed=speed))
    return np.frombuffer(b"".join([chunk async for chunk in speech.chunks]), "<i2")


def wav(samples: Samples, rate: int = RATE) -> Inline:
    """Samples as an uploaded WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return Inline(file.getvalue(), "audio/wav", len(samples) / rate)


def seconds(samples: Samples) -> float:
    return len(samples) / RATE


def loudness(samples: Samples) -> float:
    """Root mean square; full scale is 32767."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
