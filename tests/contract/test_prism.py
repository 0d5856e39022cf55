"""Every request that our plugins make, judged against the providers' own OpenAPI documents by Stoplight Prism.

Prism serves each document of `seeds` on loopback: it refuses what the document forbids, and says why.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from router.contract import JobOffer, ProviderFailed
from router.engine.registry import Registry
from router.testing.account import taking
from router.testing.golden import cases, drained, read, request_in, settings_in

TESTS = Path(__file__).parents[1]
SEEDS = TESTS / "contract" / "seeds"
GOLDEN = TESTS / "golden"
PRISM = TESTS.parent / ".tools" / "prism" / "node_modules" / ".bin" / "prism"
STARTS_WITHIN: Final = 60.0
LISTENING = re.compile(r"listening on (http://\S+)")
VIOLATIONS: Final = "sl-violations"

DOCUMENTS: Final[Mapping[str, str]] = {
    "/v1/audio/speech": "boson_videos_stream",
    "/v1/videos/stream": "boson_videos_stream",
    "/v1/videos": "boson_videos",
    "/v1/text-to-speech/*": "breeze_stream",
}
"""Which document speaks of a path. Looking at a video and fetching it are in none of them."""
BY_JOB: Final = "boson_videos"
JUDGED: Final = frozenset({"boson", "breeze"})
KINDS = Registry.discover().kinds


def document_of(path: str) -> str | None:
    plain = path.partition("?")[0]
    return next((document for pattern, document in DOCUMENTS.items() if fnmatchcase(plain, pattern)), None)


def sending() -> Iterator[Path]:
    """Yield the golden cases that send a body; of those that send the same, one stands for all."""
    known: set[str] = set()
    for case in cases(GOLDEN):
        text = json.dumps(sent := read(case / "upstream.json"))
        if case.parent.name in JUDGED and text not in known and isinstance(sent, dict) and sent["method"] == "POST":
            known.add(text)
            yield case


def served(name: str) -> dict[str, Any]:
    """Return a document as Prism is to serve it: as it was published, but for the speech endpoint."""
    document: dict[str, Any] = yaml.safe_load((SEEDS / f"{name}.yaml").read_text(encoding="utf-8"))
    if name == "boson_videos_stream":
        # The page defines the speech request only to nest it in a video's, and calls it "the same body as
        # `POST /v1/audio/speech`": that is the path it is given here, with the errors of its neighbour.
        video = document["paths"]["/v1/videos/stream"]["post"]
        body = {"application/json": {"schema": {"$ref": "#/components/schemas/CreateSpeechRequest"}}}
        audio = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        answers = {**video["responses"], "200": {"description": "Audio.", "content": audio}}
        document["paths"]["/v1/audio/speech"] = {
            "post": {"requestBody": {"required": True, "content": body}, "responses": answers}
        }
    return document


@contextmanager
def started(command: str, name: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Start Prism on a document; yield what waits until it listens and says where. It ends with the block."""
    document, log = folder / f"{name}.json", folder / f"{name}.log"
    document.write_text(json.dumps(served(name)))
    flags = ("--host", "127.0.0.1", "--port", "0", "--errors")
    with log.open("w") as sink:
        process = subprocess.Popen((command, "mock", *flags, str(document)), stdout=sink, stderr=sink)

    def address() -> str:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and process.poll() is None:
            if found := LISTENING.search(log.read_text()):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"Prism did not start: {log.read_text()}")

    try:
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def prisms(needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Serve each document by a Prism of its own; return where, by document."""
    needs("node")
    command, folder = needs(str(PRISM)), tmp_path_factory.mktemp("prism")
    with ExitStack() as running:
        starting = {
            name: running.enter_context(started(command, name, folder)) for name in sorted(set(DOCUMENTS.values()))
        }
        yield {name: address() for name, address in starting.items()}


@pytest.mark.parametrize("case", list(sending()), ids=lambda case: f"{case.parent.name}-{case.name}")
async def test_what_we_send_is_what_the_provider_documents(case: Path, prisms: Mapping[str, str]) -> None:
    """Prism finds nothing in our request that the provider's schema forbids, and no credential missing."""
    document = document_of(read(case / "upstream.json")["path"])
    assert document is not None
    kind: Any = KINDS[case.parent.name]
    answers: list[httpx.Response] = []

    async def keep(answer: httpx.Response) -> None:
        answers.append(answer)

    async with httpx.AsyncClient(trust_env=False, event_hooks={"response": [keep]}) as client:
        provider = kind(kind.kind, settings_in(case.parent, kind, prisms[document]), client)
        request = request_in(case)
        (offer,) = (one for one in taking(provider, request) if isinstance(one, JobOffer) is (document == BY_JOB))
        with suppress(ProviderFailed):  # what Prism makes up for an answer is of no account here
            await drained(await offer.handle(request))  # type: ignore[arg-type] # `taking` matched them

    assert [(one.status_code, one.headers.get(VIOLATIONS)) for one in answers] == [(200, None)]


BOSON = {"authorization": "Bearer bai-test"}
BREEZE = {"xi-api-key": "brz_test"}
SPEECH = ("boson_videos_stream", "/v1/audio/speech", BOSON)
LIVE = ("boson_videos_stream", "/v1/videos/stream", BOSON)
JOB = ("boson_videos", "/v1/videos", BOSON)
VOICE = ("breeze_stream", "/v1/text-to-speech/voc_1/stream", BREEZE)
FACE = {"ref_image": "https://example.com/face.png"}
WRONG: Final[list[tuple[tuple[str, str, dict[str, str]], dict[str, Any], str]]] = [
    (SPEECH, {"json": {"input": "Hi.", "seed": 7}}, "body additionalProperties"),
    (SPEECH, {"json": {"input": "Hi.", "stream": "yes"}}, "body.stream type"),
    (SPEECH, {"json": {"input": "a" * 5001}}, "body.input maxLength"),
    (SPEECH, {"json": {"input": "Hi.", "response_format": "ogg"}}, "body.response_format enum"),
    (LIVE, {"json": {**FACE, "input_tts": {"input": "Hi.", "seed": 7}}}, "body.input_tts additionalProperties"),
    (LIVE, {"json": {**FACE, "input": "https://example.com/a.wav", "fps": 25}}, "body additionalProperties"),
    (LIVE, {"json": {**FACE, "size": 640}}, "body.size type"),
    (LIVE, {"data": {"size": "640x640"}, "files": {"input": b"audio"}}, "body required"),
    (JOB, {"json": {**FACE, "name": "hello"}}, "body additionalProperties"),
    (JOB, {"json": {"ref_image": ["https://example.com/face.png"]}}, "body.ref_image type"),
    (VOICE, {"json": {"text": "Hi.", "seed": 7}}, "body additionalProperties"),
    (VOICE, {"json": {"text": 7}}, "body.text type"),
    (VOICE, {"json": {"text": ""}}, "body.text minLength"),
    (
        VOICE,
        {"json": {"text": "Hi.", "voice_settings": {"guidance_scale": 11}}},
        "body.voice_settings.guidance_scale maximum",
    ),
    (VOICE, {"json": {"text": "Hi.", "voice_settings": {"speed": 2}}}, "body.voice_settings additionalProperties"),
    ((*JOB[:2], {}), {"json": FACE}, " 401"),
    ((*VOICE[:2], {}), {"json": {"text": "Hi."}}, " 401"),
]


@pytest.mark.parametrize(("to", "sent", "violation"), WRONG, ids=[f"{to[1]} {violation}" for to, _, violation in WRONG])
def test_the_validator_bites(
    to: tuple[str, str, dict[str, str]], sent: dict[str, Any], violation: str, prisms: Mapping[str, str]
) -> None:
    """One unknown field, wrong type, excess, lack or missing credential is refused, and named."""
    document, path, credential = to
    answer = httpx.post(f"{prisms[document]}{path}", headers=credential, **sent)

    assert answer.is_client_error
    found = json.loads(answer.headers[VIOLATIONS])
    assert violation in {f"{'.'.join(one['location'][1:])} {one['code']}" for one in found}
