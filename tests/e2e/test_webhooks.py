"""A team is told when its videos are done, by a router that may have been restarted in between."""

import asyncio
import hashlib
import json
import secrets
import time
from base64 import b64encode
from pathlib import Path

import httpx
from standardwebhooks import Webhook

from router.jobs.signing import verify_sync
from router.testing.acts import Reply
from router.testing.media import film
from router.testing.serving import brought_up
from router.testing.vendor import Vendor
from router.testing.wire import Asked

KEY = "a-team-key"
SECRET = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
BODY = {"ref_image": "https://a.example/face.png", "input": "https://a.example/voice.wav"}
PATIENCE = 30.0


def config(vendor: Vendor, receiver: Vendor) -> str:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return (
        f"providers: {{boson: {{kind: boson, base_url: '{vendor.url}', api_key: '${{env:KEY}}'}}}}\n"
        "routes: [{name: faces, task: avatar, tiers: [boson]}]\n"
        f"teams: [{{name: ads, keys: ['sha256:{digest}'],"
        f" webhook: {{url: '{receiver.url}/done', secret: '${{env:SECRET}}'}}}}]\n"
        "server: {webhook_networks: [127.0.0.0/8]}\n"
    )


async def test_told_of_the_end(tmp_path: Path) -> None:
    """The receiver gets the video as a look at it shows it, signed as the standard's own library verifies it."""
    async with Vendor() as vendor, Vendor(Reply(status=503), Reply(status=204)) as receiver:
        vendor.on("/v1/videos", Reply.of_json({"id": "up-1", "status": "completed"}))
        vendor.on("/v1/videos/up-1/content", Reply(film(), content_type="video/mp4"))
        async with (
            brought_up(config(vendor, receiver), tmp_path, {"KEY": "k", "SECRET": SECRET}) as router,
            httpx.AsyncClient(base_url=router.url, headers={"x-api-key": KEY}, timeout=PATIENCE) as client,
        ):
            name = (await client.post("/v1/videos", json=BODY)).json()["id"]
            seen = (await client.get(f"/v1/videos/{name}", params={"wait": 20})).json()
            first, second = await told(receiver), await told(receiver, 1)
    assert seen["status"] == "completed"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    verified = Webhook(SECRET).verify(second.body, dict(second.headers))
    assert verified == json.loads(second.body)
    assert (verified["type"], verified["data"]) == ("video.completed", seen)


async def test_told_as_sync_tells(tmp_path: Path) -> None:
    """Whom a request in sync's dialect names gets the generation as a look at it shows it, in place of the team's own."""
    async with Vendor() as vendor, Vendor(Reply(status=204)) as receiver:
        vendor.on("/v1/videos", Reply.of_json({"id": "up-1", "status": "completed"}))
        vendor.on("/v1/videos/up-1/content", Reply(film(), content_type="video/mp4"))
        async with (
            brought_up(config(vendor, receiver), tmp_path, {"KEY": "k", "SECRET": SECRET}) as router,
            httpx.AsyncClient(base_url=router.url, headers={"x-api-key": KEY}, timeout=PATIENCE) as client,
        ):
            items = [{"type": "image", "url": BODY["ref_image"]}, {"type": "audio", "url": BODY["input"]}]
            body = {"model": "faces", "input": items, "webhookUrl": f"{receiver.url}/mine"}
            made = (await client.post("/v2/generate", json=body)).json()
            notice = await told(receiver)
            seen = (await client.get(f"/v2/generate/{made['id']}")).json()
            played = await client.get(seen["outputUrl"])
    verify_sync([SECRET], notice.headers, notice.body, time.time())
    assert (notice.path, json.loads(notice.body), len(receiver.asked)) == ("/mine", seen, 1)
    assert (seen["status"], seen["webhookUrl"]) == ("COMPLETED", f"{receiver.url}/mine")
    assert played.content == film()


async def told(receiver: Vendor, number: int = 0) -> Asked:
    for _ in range(round(PATIENCE / 0.05)):
        if len(receiver.asked) > number:
            return receiver.asked[number]
        await asyncio.sleep(0.05)
    raise TimeoutError("nobody was told")
