"""What we say to our own engine, judged by SGLang-Omni's own validation, and what its double says to us.

Its package is fetched alone, none of what it depends on, into a folder that git ignores. What it cannot judge:
sound, what its Higgs model makes of a field, and the older service around it, which has no code to be had.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from plugins.higgs.provider import LANGUAGES, Higgs, HiggsSettings
from router.contract import AudioFormat, Inline, SpeechRequest, TranscriptionRequest, Url
from router.engine import transport
from router.media import CONTENT_TYPES
from router.testing.acts import Reply
from router.testing.golden import drained
from router.testing.media import sound
from router.testing.vendor import Vendor
from router.testing.wire import Asked

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
GOLDEN: Final = ROOT / "tests" / "golden" / "higgs"
PINNED: Final = HERE / "engine.txt"
PACKAGE: Final = ROOT / ".tools" / "engine" / PINNED.read_text().partition("==")[2].partition(" ")[0]

WORDS: Final = SpeechRequest(text="<|emotion:elation|>Grüße aus Köln, 你好!")
RECORDING: Final = Inline(sound(AudioFormat.WAV), "audio/wav", 0.2)
OPTIONS: Final = SpeechRequest(
    text=WORDS.text,
    voice="jake",
    speed=0.25,
    instructions="calmly",
    temperature=0.8,
    top_k=50,
    top_p=1.0,
    max_new_tokens=1024,
    seed=0,
)


def but(request: SpeechRequest, **fields: Any) -> SpeechRequest:
    """Return a request with some fields changed."""
    return msgspec.structs.replace(request, **fields)


SPEECH: Final[Mapping[str, SpeechRequest]] = {
    **{str(one): but(WORDS, format=one) for one in AudioFormat},
    **{f"language {one}": but(WORDS, language=one) for one in (*LANGUAGES, "pt-BR", "cs", "yue")},
    "every option": OPTIONS,
    "whole numbers": but(OPTIONS, speed=4, temperature=1, top_p=1),
    "sample held": but(WORDS, ref_audio=RECORDING, ref_text="a hum"),
    "sample held, text unknown": but(WORDS, ref_audio=RECORDING),
    "as long as it may be": but(WORDS, text="x" * HiggsSettings(base_url="http://x").characters),
}
HEARD: Final[Mapping[str, TranscriptionRequest]] = {
    "plain": TranscriptionRequest(audio=RECORDING),
    "every option": TranscriptionRequest(audio=RECORDING, language="de", prompt="Köln", temperature=0.2),
}


FOREIGN: Final = {"transcription_of_silence", "transcription_words"}
"""Golden answers that this engine never gives: segments that are null, and words."""


class Judge:
    """The engine's validation, running as a process of its own."""

    def __init__(self) -> None:
        command = (sys.executable, "-I", str(HERE / "engine_judge.py"), str(PACKAGE))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def complaint(self, of: str, said: object) -> str | None:
        """Return what is wrong with a message, or None."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"of": of, "said": said}) + "\n")
        self.process.stdin.flush()
        found: str | None = json.loads(self.process.stdout.readline())
        return found


def uv() -> tuple[str, ...]:
    """Return how uv is called, as `make setup` or the system has it; skip where there is none."""
    if find_spec("uv"):
        return (sys.executable, "-m", "uv")
    found = shutil.which("uv")
    return (found,) if found else pytest.skip("needs uv, which is not installed")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    if not PACKAGE.exists():
        fetch()
    judge = Judge()
    yield judge
    with judge.process:
        judge.process.stdin.close()  # type: ignore[union-attr] # it has one


def fetch() -> None:
    """Install the package alone, by its hash; skip where the index cannot be reached."""
    place = PACKAGE.with_name(f"{PACKAGE.name}.part")
    shutil.rmtree(place, ignore_errors=True)
    how = ("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", sys.executable)
    command = (*uv(), *how, "--target", str(place), "-r", str(PINNED))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the package of SGLang-Omni: {done.stderr}")
    place.rename(PACKAGE)


async def sent(vendor: Vendor, request: SpeechRequest | TranscriptionRequest, **settings: Any) -> Asked:
    """Return what a request becomes on the wire."""
    vendor.on("/v1/audio/transcriptions", Reply.of_json({"text": ""}))
    if isinstance(request, SpeechRequest):
        vendor.on("/v1/audio/speech", Reply(sound(request.format), content_type=CONTENT_TYPES[request.format]))
    told = {"base_url": vendor.url, "transcription_model": "higgs-stt", "formats": list(AudioFormat), **settings}
    async with transport.client(5.0) as client:
        provider = Higgs("engine", msgspec.convert(told, HiggsSettings), client)
        offer = next(one for one in provider.offers() if one.accepts is type(request))
        assert offer.limits.why_not(request) is None  # type: ignore[arg-type] # `accepts` says that they match
        await drained(await offer.handle(request))  # type: ignore[arg-type] # see above
    return vendor.asked[0]


def form(asked: Asked) -> Mapping[str, str]:
    """Return a form with a name in the place of its file."""
    return {name: part.filename or part.content.decode() for name, part in asked.form.items()}


@pytest.mark.parametrize("wanted", SPEECH.values(), ids=SPEECH)
async def test_speech(judge: Judge, wanted: SpeechRequest) -> None:
    """The engine takes every body we send for speech, and knows all of its fields."""
    async with Vendor() as vendor:
        body = (await sent(vendor, wanted)).json
    assert judge.complaint("speech", body) is None


async def test_sample_at_an_address(judge: Judge) -> None:
    """The engine fetches a voice to imitate from where `references` say it is."""
    async with Vendor() as vendor:
        vendor.on("/sample.wav", Reply(RECORDING.data, content_type="audio/wav"))
        request = but(WORDS, ref_audio=Url(f"{vendor.url}/sample.wav"), ref_text="a hum")
        body = (await sent(vendor, request)).json
        assert await asyncio.to_thread(judge.complaint, "speech", body) is None
        assert [one.path for one in vendor.asked] == ["/v1/audio/speech", "/sample.wav"]


@pytest.mark.parametrize("wanted", HEARD.values(), ids=HEARD)
async def test_transcription(judge: Judge, wanted: TranscriptionRequest) -> None:
    """The engine takes every form we send for transcription, and knows all of its fields."""
    async with Vendor() as vendor:
        asked = await sent(vendor, wanted)
    assert asked.form["file"].content == RECORDING.data
    assert judge.complaint("form", form(asked)) is None


async def test_times(judge: Judge) -> None:
    """Asked for times, it takes `verbose_json` and has no field for how fine: it gives segments, and no words."""
    async with Vendor() as vendor:
        vendor.on("/v1/audio/transcriptions", Reply.of_json({"text": ""}))
        fields = dict(form(await sent(vendor, TranscriptionRequest(audio=RECORDING, segments=True), segments=True)))
    assert judge.complaint("form", fields) == "timestamp_granularities[]: unknown"
    del fields["timestamp_granularities[]"]
    assert fields["response_format"] == "verbose_json"
    assert judge.complaint("form", fields) is None


def test_golden_bodies(judge: Judge) -> None:
    """So it is with the bodies that the golden cases hold, but for those whose sample nobody serves."""
    texts = [one.read_text() for one in sorted(GOLDEN.glob("speech_*/upstream.json"))]
    bodies = [json.loads(text)["json"] for text in texts if "https://" not in text]
    assert len(bodies) > 5
    assert [judge.complaint("speech", body) for body in bodies] == [None] * len(bodies)


def test_golden_answers(judge: Judge) -> None:
    """What the double says is what the engine's own types let it say; other engines' ways are told apart."""
    told = {one.parent.name: json.loads(one.read_bytes())["json"] for one in GOLDEN.glob("transcription_*/answer.json")}
    complaints = {name: judge.complaint(kind(one), one) for name, one in told.items()}
    assert {name for name, one in complaints.items() if one} == FOREIGN


def kind(answer: Mapping[str, Any]) -> str:
    """Return the engine's name for a transcription of that shape."""
    return "TranscriptionVerboseResponse" if "segments" in answer else "TranscriptionResponse"


GOOD: Final = {"model": "m", "voice": "default", "input": "Hi", "response_format": "pcm", "stream": True}
WRONG: Final[Mapping[str, Mapping[str, Any]]] = {
    "ref": {"ref": "a field nobody knows"},
    "references.0.url": {"references": [{"url": "a field nobody knows"}]},
    "references.data": {"references": [{"data": "not base64!", "media_type": "audio/wav"}]},
    "stream": {"stream": "true"},
    "temperature": {"temperature": "0.8"},
    "top_k": {"top_k": 5.5},
    "seed": {"seed": -1},
    "speed": {"speed": 4.5},
    "language": {"language": "de"},
    "response_format": {"response_format": "mp3"},
    "input": {"input": "x" * 4097},
}


@pytest.mark.parametrize("field", WRONG)
def test_the_judge_bites(judge: Judge, field: str) -> None:
    """One field unknown, of the wrong type or out of bounds, and the engine refuses the body for it."""
    assert judge.complaint("speech", GOOD) is None
    assert (judge.complaint("speech", {**GOOD, **WRONG[field]}) or "").startswith(f"{field}: ")


def test_the_judge_bites_forms_and_answers(judge: Judge) -> None:
    """So it does with a form's fields, and with an answer's."""
    assert "unable to parse" in (judge.complaint("form", {"temperature": "warm"}) or "")
    assert judge.complaint("form", {"response_format": "text/plain"}) == "response_format: text/plain"
    assert "seconds" in (judge.complaint("TranscriptionResponse", {"text": "", "usage": {"seconds": 0.5}}) or "")
    assert "words" in (judge.complaint("TranscriptionResponse", {"text": "", "words": []}) or "")
