"""A provider says that its job has ended: the film is there at once, not when the provider would have been asked again."""

import asyncio
import json
import secrets
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx

from router.jobs.signing import sync_headers
from router.testing.acts import Reply
from router.testing.media import film
from router.testing.serving import brought_up
from router.testing.vendor import Vendor

SECRET = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
ITEMS = [
    {"type": "video", "url": "https://a.example/face.mp4"},
    {"type": "audio", "url": "https://a.example/voice.wav"},
]
PATIENCE = 30.0
PAUSE = 600
"""Seconds for which the provider does not want to be asked again."""


def config(vendor: Vendor) -> str:
    return (
        f"providers: {{lips: {{kind: sync, base_url: '{vendor.url}', api_key: '${{env:KEY}}',"
        " webhook_url: 'https://router.example/v1/hooks/lips', webhook_secret: '${env:SECRET}'}}\n"
        "routes: [{name: faces, task: avatar, tiers: [lips]}]\n"
    )


async def test_a_film_is_there_when_its_provider_says_so(tmp_path: Path) -> None:
    """A forged webhook changes nothing; after a signed one the provider is asked, and its film fetched."""
    async with Vendor() as vendor:
        ended = {"id": "gen-1", "status": "COMPLETED", "outputUrl": f"{vendor.url}/film.mp4"}
        vendor.on("/v2/generate", Reply.of_json({"id": "gen-1", "status": "PENDING"}, 201))
        vendor.on("/v2/generate/gen-1", Reply(status=503, headers={"Retry-After": str(PAUSE)}), Reply.of_json(ended))
        vendor.on("/film.mp4", Reply(film(), content_type="video/mp4"))
        async with (
            brought_up(config(vendor), tmp_path, {"KEY": "k", "SECRET": SECRET}) as router,
            httpx.AsyncClient(base_url=router.url, timeout=PATIENCE) as client,
        ):
            made = (await client.post("/v2/generate", json={"model": "faces", "input": ITEMS})).json()
            await looked_at(vendor)
            lies = await heard(client, ended | {"id": "gen-1 "}, ended)
            before = (await client.get(f"/v2/generate/{made['id']}?wait=true&timeout=1")).json()
            truth = await heard(client, ended, ended)
            seen = (await client.get(f"/v2/generate/{made['id']}?wait=true&timeout=20")).json()
            played = await client.get(seen["outputUrl"])
    ordered: Any = vendor.asked[0].json
    assert ordered["webhookUrl"] == "https://router.example/v1/hooks/lips"
    assert (lies, before["status"]) == (401, "PROCESSING")
    assert (truth, seen["status"], played.content) == (204, "COMPLETED", film())


async def heard(client: httpx.AsyncClient, signed: dict[str, str], sent: dict[str, str]) -> int:
    """Send one body with the signature of another, as it may be."""
    bodies = [json.dumps(one, separators=(",", ":")).encode() for one in (signed, sent)]
    headers = sync_headers([SECRET], bodies[0], time.time())
    return (await client.post("/v1/hooks/lips", content=bodies[1], headers=headers)).status_code


async def looked_at(vendor: Vendor) -> None:
    """Wait until the provider has been asked how the job stands, and its answer has been written down."""
    for _ in range(round(PATIENCE / 0.05)):
        if any(one.path.endswith("gen-1") for one in vendor.asked):
            await asyncio.sleep(0.5)
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the provider was not asked")
