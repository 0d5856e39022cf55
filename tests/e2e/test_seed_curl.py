r"""The curl commands of "Higgs Audio v3: API Reference", run by a shell against a router before our own engine.

They are that document's, letter for letter, with the line breaks its copy had lost after each `\`; only `$BASE`
is ours. Its commands for speech are under "Create speech" and "Voice cloning", the last under "Transcriptions".
"""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from router.contract import AudioFormat
from router.testing.acts import Reply
from router.testing.media import RATE, sound, tone
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from router.testing.wire import Asked

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = """\
# Emotional, slow, expressive — saved as MP3
curl $BASE/v1/audio/speech \\
  -H "Content-Type: application/json" \\
  -d '{
    "input": "<|prosody:speed_slow|><|emotion:affection|>Hello little friend, you did great today!",
    "response_format": "mp3"
  }' --output hello.mp3
"""
STREAMED = """\
# -N disables curl buffering so PCM bytes land as they arrive
curl -N $BASE/v1/audio/speech \\
  -H "Content-Type: application/json" \\
  -d '{
    "input": "<|emotion:enthusiasm|>Streaming straight to your speakers!",
    "stream": true,
    "response_format": "pcm"
  }' --output out.pcm
"""
CLONED = """\
curl $BASE/v1/audio/speech -H "Content-Type: application/json" -d '{
  "input": "Have a wonderful day!",
  "ref_audio": "https://example.com/sample.wav",
  "ref_text": "Hi, this is a sample of my voice.",
  "temperature": 0.8, "top_k": 50, "max_new_tokens": 1024
}' --output cloned.mp3
"""
HEARD = """\
curl $BASE/v1/audio/transcriptions \\
  -F "file=@speech.wav" \\
  -F "model=higgs-stt"
"""

SECONDS = 1.5
PCM = tone(SECONDS)
TEXT = "Good night, sleep tight."
SPEAKS = Reply(
    tuple(PCM[at : at + 9600] for at in range(0, len(PCM), 9600)),
    content_type="audio/pcm",
    headers={"X-Sample-Rate": str(RATE), "X-Channels": "1", "X-Bit-Depth": "16"},
    chunked=True,
)
HEARS = Reply.of_json({"text": TEXT, "usage": {"type": "duration", "seconds": 2}})


@dataclass(frozen=True)
class Scene:
    """An engine's double, a router before it, and a folder to call from."""

    engine: Vendor
    router: Served
    folder: Path
    bash: str

    async def run(self, command: str) -> tuple[bytes, Asked]:
        """Run a command, which has to succeed; return what it printed, and what it made the engine be asked."""
        before = len(self.engine.asked)
        shell = await asyncio.create_subprocess_exec(
            self.bash,
            "-euc",
            command,
            cwd=self.folder,
            env={**os.environ, "BASE": self.router.url},
            stdout=-1,
            stderr=-1,
        )
        printed, complaint = await shell.communicate()
        assert shell.returncode == 0, complaint.decode()
        (asked,) = self.engine.asked[before:]
        return printed, asked


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Vendor, Served]]:
    async with Vendor() as engine:
        engine.on("/v1/audio/speech", SPEAKS)
        engine.on("/v1/audio/transcriptions", HEARS)
        config = (
            f"providers: {{engine: {{kind: higgs, base_url: '{engine.url}', transcription_model: higgs-stt}}}}\n"
            "routes:\n"
            "  - {name: speech, task: speech, tiers: [engine]}\n"
            "  - {name: transcription, task: transcription, models: [higgs-stt], tiers: [engine]}\n"
        )
        async with brought_up(config, tmp_path_factory.mktemp("curl")) as router:
            yield engine, router


@pytest.fixture
def scene(served: tuple[Vendor, Served], needs: Callable[[str], str], tmp_path: Path) -> Scene:
    needs("curl")
    (tmp_path / "speech.wav").write_bytes(sound(AudioFormat.WAV, SECONDS))
    return Scene(*served, tmp_path, needs("bash"))


def decoded(file: Path) -> tuple[str, int, float, float]:
    """Codec, rate, seconds and pitch in hertz of a file, as PyAV has it."""
    with av.open(io.BytesIO(file.read_bytes()), "r") as container:
        stream = container.streams.audio[0]
        heard = np.concatenate([frame.to_ndarray()[0].astype(float) for frame in container.decode(stream)])
        return stream.codec_context.name, stream.rate, len(heard) / stream.rate, pitch(heard, stream.rate)


def pitch(heard: np.ndarray, rate: int) -> float:
    """Return the loudest frequency."""
    return float(np.argmax(np.abs(np.fft.rfft(heard))) * rate / len(heard))


@pytest.mark.parametrize(("command", "name"), [(WHOLE, "hello.mp3"), (CLONED, "cloned.mp3")])
async def test_saved_as_mp3(scene: Scene, command: str, name: str) -> None:
    """The file it names is an MP3 of all that the engine spoke."""
    await scene.run(command)
    codec, rate, seconds, hertz = decoded(scene.folder / name)
    assert (codec, rate) == ("mp3float", RATE)
    assert seconds == pytest.approx(SECONDS, abs=0.1)
    assert hertz == pytest.approx(220, abs=2)


async def test_streamed(scene: Scene) -> None:
    """The file it names is the engine's PCM, to the byte."""
    await scene.run(STREAMED)
    assert (scene.folder / "out.pcm").read_bytes() == PCM


@pytest.mark.parametrize("command", [WHOLE, STREAMED])
async def test_control_tokens(scene: Scene, command: str) -> None:
    """The engine, which obeys control tokens, is told them as they were written."""
    _, asked = await scene.run(command)
    assert isinstance(asked.json, dict)
    assert json.dumps(asked.json["input"]) in command
    assert asked.json["model"] == "higgs-audio-v3-tts"
    assert asked.json["voice"] == "default"


async def test_cloned(scene: Scene) -> None:
    """The sample's address reaches the engine as one of its `references`, and the sampling as it was chosen."""
    _, asked = await scene.run(CLONED)
    assert isinstance(asked.json, dict)
    assert asked.json["references"] == [
        {"audio_path": "https://example.com/sample.wav", "text": "Hi, this is a sample of my voice."}
    ]
    assert {name: asked.json[name] for name in ("temperature", "top_k", "max_new_tokens")} == {
        "temperature": 0.8,
        "top_k": 50,
        "max_new_tokens": 1024,
    }
    assert not {"ref_audio", "ref_text"} & asked.json.keys()


async def test_transcribed(scene: Scene) -> None:
    """The JSON it prints holds what the engine heard, in the recording that went up."""
    printed, asked = await scene.run(HEARD)
    assert json.loads(printed)["text"] == TEXT
    assert asked.form["file"].content == (scene.folder / "speech.wav").read_bytes()
    assert asked.form["model"].content == b"higgs-stt"
