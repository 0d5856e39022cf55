"""Films in an object store: callers are sent there where a route allows it."""

import json
from pathlib import Path

import httpx

from tests.e2e.outages import URLS, made, scene
from tests.servers.s3 import running_s3


async def test_links_where_a_route_allows_them(tmp_path: Path) -> None:
    """A film of one route is fetched from its store by a signed link, of the other through the router; parts of both too."""
    with running_s3() as remote:
        storage = json.dumps({"media": remote.url, "options": dict(remote.options), "links": "10m"})
        async with scene(tmp_path, storage) as on, httpx.AsyncClient() as stranger:
            on.studio.ready = True
            for model in ("faces", "near"):
                created = await on.client.post("/v1/videos", json={**URLS, "model": model})
                on.names.append(created.json()["id"])
                assert (await on.client.get(f"/v1/videos/{on.names[-1]}?wait=30")).json()["status"] == "completed"
            far, near = [await on.client.get(f"/v1/videos/{name}/content") for name in on.names]
            assert (far.status_code, far.content, near.status_code) == (307, b"", 200)
            assert near.content == made("up-2")
            linked = await stranger.get(far.headers["location"])
            assert (linked.content, linked.headers["content-type"]) == (made("up-1"), "video/mp4")
            part = await stranger.get(far.headers["location"], headers={"range": "bytes=9-19"})
            assert (part.status_code, part.content) == (206, made("up-1")[9:20])
