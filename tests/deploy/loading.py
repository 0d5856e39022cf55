"""Callers of every sort, and vendors that do what makes each figure of the router move."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import cycle
from typing import Any, Final

import httpx

from plugins.embedded.portrait import draw_portrait
from router.testing.acts import Act, Reply, Stall
from router.testing.media import film, tone
from router.testing.vendor import Vendor
from router.testing.wire import Asked
from tests.e2e.outages import SECRET
from tests.e2e.talking import heard, said, spoken, talking
from tests.e2e.upstreams import noise, too_many

ADS: Final = {"x-api-key": "the key of ads"}
FEW: Final = {"x-api-key": "the key of few"}
WARM: Final = 100
"""Calls after which the router knows what is usual, and has hedges saved up."""
SOUND: Final = Reply(tone(0.5), content_type="audio/pcm")
HALF: Final = len(tone(0.5)) // 2
CUT: Final = Reply((tone(0.5)[: HALF - 1], tone(0.5)[HALF - 1 :]), content_type="audio/pcm", pause=0.1, cut=HALF)
FACE: Final = {
    "ref_image": f"data:image/png;base64,{b64encode(draw_portrait()).decode()}",
    "input": f"data:audio/wav;base64,{b64encode(noise(1.0)).decode()}",
}
TEXT: Final = "The first of two sentences is long enough. The second of them is spoken on its own."


def config(url: str) -> str:
    """Return the configuration: a route for each thing that can happen."""
    speech = "speech: {models: [tts], formats: [pcm]}"
    accounts = [
        *(
            f"  {name}: {{kind: openai, base_url: '{url}/{name}', {speech}}}"
            for name in ("flaky", "refusing", "crowded", "steady")
        ),
        *(
            f"  {name}: {{kind: boson, base_url: '{url}/{name}', api_key: '${{env:KEY}}'}}"
            for name in ("cutting", "broken", "whole")
        ),
        *(
            f"  {name}: {{kind: boson, base_url: '{url}/{name}', api_key: '${{env:KEY}}'}}"
            for name in ("dawdling", "quick", "studio")
        ),
        f"  talk: {{kind: openai, base_url: '{url}/talk', {speech}, transcription: {{models: [stt]}}, chat: {{models: [llm]}}}}",
        "  local: {kind: embedded, workers: 1}",
    ]
    routes = [
        "  - {name: narration, task: speech, tiers: [flaky, steady]}",
        "  - {name: guarded, task: speech, tiers: [refusing, steady]}",
        "  - {name: crowded, task: speech, tiers: [crowded, steady]}",
        "  - {name: cut, task: speech, tiers: [cutting]}",
        "  - {name: spliced, task: speech, splice: same_voice, tiers: [broken, whole]}",
        "  - {name: kept, task: speech, cache: {age: 1d}, tiers: [steady]}",
        "  - {name: hedged, task: speech, hedge: true, tiers: [dawdling, quick]}",
        "  - {name: hearing, task: transcription, tiers: [talk]}",
        "  - {name: thinking, task: chat, tiers: [talk]}",
        "  - {name: saying, task: speech, tiers: [talk]}",
        "  - {name: near, task: avatar, tiers: [local]}",
        "  - {name: faces, task: avatar, tiers: [studio]}",
    ]
    ads, few = (sha256(one["x-api-key"].encode()).hexdigest() for one in (ADS, FEW))
    return "\n".join(
        [
            "providers:", *accounts, "routes:", *routes, "teams:",
            f"  - {{name: ads, keys: ['sha256:{ads}'], webhook: {{url: '{url}/told', secret: '${{env:SECRET}}'}}}}",
            f"  - {{name: few, keys: ['sha256:{few}'], limits: {{requests: 1/day}}}}",
            "scenarios: {daily: {chat: thinking, transcription: hearing, speech: saying}}",
            "prices: {targets: {steady: {per_million_characters: 15}}}",
            "server: {webhook_networks: [127.0.0.0/8]}", "",
        ]
    )  # fmt: skip


SURROUNDINGS: Final = {"KEY": "k", "SECRET": SECRET}


class Moody(Vendor):
    """Accounts under their names: some always well, some never, and one of each mood in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.flaky: Iterator[Act] = cycle((Reply(status=503), SOUND))
        self.told: Iterator[Act] = cycle((Reply(status=503), Reply(status=204)))

    def act(self, asked: Asked) -> Act:
        account, _, path = asked.path.lstrip("/").partition("/")
        acts: dict[str, Callable[[], Act]] = {
            "flaky": lambda: next(self.flaky),
            "told": lambda: next(self.told),
            "refusing": lambda: Reply(status=401),
            "crowded": lambda: too_many(retry_after="1"),
            "cutting": lambda: CUT,
            "broken": lambda: CUT,
            "dawdling": lambda: Stall(SOUND, 2.0) if self.slow else SOUND,
            "talk": lambda: self.talk(path),
            "studio": lambda: self.studio(asked),
        }
        return acts.get(account, lambda: SOUND)()

    def talk(self, path: str) -> Act:
        if path.endswith("transcriptions"):
            return heard("good morning")
        return said("Good morning. ", "How are you?") if path.endswith("completions") else spoken()

    def studio(self, asked: Asked) -> Act:
        if asked.path.endswith("/content"):
            return Reply(film(), content_type="video/mp4")
        return Reply.of_json({"id": "up-1", "status": "queued" if asked.method == "POST" else "completed"})


async def speak(client: httpx.AsyncClient, route: str, text: str = TEXT, **more: Any) -> None:
    """Ask for speech, and take what comes, broken streams included."""
    body = {"model": route, "voice": "v", "input": text, "response_format": "pcm", **more.pop("json", {})}
    try:
        await client.post("/v1/audio/speech", json=body, **more)
    except httpx.RemoteProtocolError:
        assert route == "cut"


async def one_of_each(client: httpx.AsyncClient, url: str) -> None:
    """Do everything that callers do, so that nearly all there is to count is counted."""
    for _ in range(2):
        await asyncio.gather(
            *(speak(client, one) for one in ("narration", "guarded", "crowded", "cut", "spliced", "kept"))
        )
        await speak(client, "narration", headers=FEW)
    await client.post("/v1/audio/transcriptions", data={"model": "hearing"}, files={"file": ("a.wav", noise(1.0))})
    video = (await client.post("/v1/videos", json={"model": "faces", **FACE})).raise_for_status().json()
    done = (await client.get(f"/v1/videos/{video['id']}?wait=20")).json()
    assert done["status"] == "completed", json.dumps(done)
    (await client.post("/v1/videos/stream", json={"model": "near", **FACE})).raise_for_status()
    async with talking(url, additional_headers=ADS) as talker:
        await talker.turn("Hello?")


async def provoke_hedges(client: httpx.AsyncClient, vendor: Moody) -> None:
    """Let the router learn what is usual, then be slower."""
    for _ in range(WARM):
        await speak(client, "hedged", "Hello.")
    vendor.slow = True
    await asyncio.gather(*(speak(client, "hedged", "Hello.") for _ in range(2)))
    vendor.slow = False
