"""A router whose stores fail under it: a vendor whose films it makes meanwhile, and disks that can be filled."""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from router.testing.acts import Act, Reply, Stall
from router.testing.media import film
from router.testing.serving import Served, brought_up, family
from router.testing.vendor import Vendor
from router.testing.wire import Asked

PATIENCE: Final = 75.0
"""Seconds until everything is done again: a lease that could not be written down runs out after 30, or 45."""
URLS: Final = {"ref_image": "https://a.example/face.png", "input": "https://a.example/voice.wav"}
SECRET: Final = "whsec_" + "c2VjcmV0" * 6
SOUND: Final = bytes(range(1, 251)) * 12_000
LENGTH: Final = 3 * 1024 * 1024
ROOM: Final = 24 * 1024 * 1024
"""Bytes of the disk that is filled."""
NO_FILM: Final = 2 * 1024 * 1024
NOTHING: Final = 48 * 1024
"""Bytes of the longest file where the kernel allows no more: one that leaves no room for a film, and one that leaves it for the
log only, not for the database.
"""
CONFIG: Final = """
providers:
  boson: {{kind: boson, base_url: '{vendor}', api_key: '${{env:KEY}}'}}
  local: {{kind: embedded, workers: 1}}
routes:
  - {{name: faces, task: avatar, tiers: [boson], deadline: 30s}}
  - {{name: near, task: avatar, tiers: [boson], deadline: 30s, links: false}}
  - {{name: words, task: speech, tiers: [local]}}
  - {{name: bought, task: speech, tiers: [boson]}}
teams: [{{name: ads, keys: ['sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'],
  webhook: {{url: '{vendor}/told', secret: '${{env:SECRET}}'}}}}]
server: {{webhook_networks: [127.0.0.0/8]}}
storage: {storage}
"""
KEYED: Final = {"x-api-key": "secret"}


class Studio(Vendor):
    """A vendor of films that are done once `ready` is set; `slow` seconds pass until a create is answered.

    `creates` counts orders, `fetches` looks at films that were begun, `told` keeps the webhooks that came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        self.slow = 0.0
        self.creates = 0
        self.fetches = 0
        self.told: list[Asked] = []

    def act(self, asked: Asked) -> Act:
        if asked.path == "/told":
            self.told.append(asked)
            return Reply(status=204)
        if asked.path == "/v1/audio/speech":
            return Reply(SOUND, content_type="audio/pcm")
        if asked.method == "POST":
            self.creates += 1
            return Stall(Reply.of_json({"id": f"up-{self.creates}", "status": "queued"}), self.slow)
        name = asked.path.removesuffix("/content").rpartition("/")[2]
        if asked.path.endswith("/content"):
            self.fetches += 1
            return Reply(made(name), content_type="video/mp4")
        return Reply.of_json({"id": name, "status": "completed" if self.ready else "in_progress"})


def made(name: str) -> bytes:
    """Return the film of a vendor's job, unlike any other's: what follows the film's end is no part of it."""
    return film() + name.encode().ljust(8) * (LENGTH // 8)


@dataclass
class Scene:
    """A router, its vendor, a caller, and the videos that the caller has asked for."""

    studio: Studio
    router: Served
    client: httpx.AsyncClient
    state: Path
    names: list[str] = field(default_factory=list)

    async def order(self, count: int = 3) -> None:
        """Ask for videos, and wait until all have been ordered of the vendor."""
        before = self.studio.creates
        for _ in range(count):
            answer = await self.client.post("/v1/videos", json=URLS)
            self.names.append(answer.raise_for_status().json()["id"])
        await self.until(lambda: self.studio.creates == before + count)

    async def until(self, holds: Any) -> None:
        """Wait for something that nobody announces."""
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"it never came about\n{self.router.log[-4000:]}"
            await asyncio.sleep(0.05)

    async def logged(self, text: str) -> None:
        """Wait until the router has said something."""
        await self.until(lambda: text in self.router.log)

    async def looked(self) -> httpx.Response:
        """Look at the first video."""
        return await self.client.get(f"/v1/videos/{self.names[0]}")

    async def serves(self) -> None:
        """See that what needs no store goes on: readiness, and speech."""
        assert (await self.client.get("/readyz")).status_code == 200
        said = {"model": "words", "input": "Hello.", "response_format": "pcm"}
        assert (await self.client.post("/v1/audio/speech", json=said)).status_code == 200

    async def recovered(self) -> None:
        """See that every video ends with its film, was ordered once, and that its owner is told of it."""
        for name in self.names:
            until = time.monotonic() + PATIENCE
            while (job := (await self.client.get(f"/v1/videos/{name}?wait=5")).json()).get("status") != "completed":
                assert job["status"] == "in_progress", job
                assert time.monotonic() < until, f"{job}\n{self.router.log[-4000:]}"
        films = [(await self.client.get(f"/v1/videos/{name}/content")).content for name in self.names]
        assert sorted(films) == sorted(made(f"up-{number}") for number in range(1, len(self.names) + 1))
        assert self.studio.creates == len(self.names)
        await self.until(lambda: {self.told_of(one) for one in self.studio.told} == set(self.names))

    @staticmethod
    def told_of(asked: Asked) -> str:
        """Return the video of a webhook."""
        name: str = json.loads(asked.body)["data"]["id"]
        return name

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the router's beside it."""
        env = {**os.environ, **surroundings(self.state)}
        told = (sys.executable, "-m", "router", *words, "--config", str(self.router.config))
        return subprocess.run(told, env=env, capture_output=True, text=True, check=False)

    async def listed(self) -> list[dict[str, Any]]:
        """Return what `media-router jobs list` says."""
        ran = await asyncio.to_thread(self.command, "jobs", "list", "--json")
        assert ran.returncode == 0, ran.stderr
        jobs: list[dict[str, Any]] = json.loads(ran.stdout)
        return jobs


def surroundings(state: Path) -> Mapping[str, str]:
    """Return the environment of a router that keeps its state there."""
    return {"KEY": "k", "SECRET": SECRET, "MEDIA_ROUTER_STATE": str(state)}


@asynccontextmanager
async def scene(folder: Path, storage: str = "{}", state: Path | None = None) -> AsyncIterator[Scene]:
    """Run a router on these stores, between a caller and a vendor."""
    state = state or folder / "state"
    async with Studio() as studio:
        config = CONFIG.format(vendor=studio.url, storage=storage)
        async with (
            brought_up(config, folder, {**surroundings(state), "TMPDIR": str(state.parent)}) as router,
            httpx.AsyncClient(base_url=router.url, headers=KEYED, timeout=60) as client,
        ):
            yield Scene(studio, router, client, state)


def refusal(answer: httpx.Response) -> tuple[int, str, bool]:
    """Return an error's status, its code in the caller's dialect, and whether it says when to come back."""
    told = answer.json()
    code = told["errorCode"] if "errorCode" in told else told["error"]["code"]
    return answer.status_code, code, int(answer.headers.get("retry-after", 0)) > 0


# Disks that can be filled ---------------------------------------------------------------------------


def may_mount() -> bool:
    """Whether this machine lets us mount."""
    unshare = shutil.which("unshare")
    return (
        os.geteuid() == 0
        and unshare is not None
        and not subprocess.run([unshare, "-m", "true"], check=False).returncode
    )


@contextmanager
def disk(folder: Path, most: int | None) -> Iterator[Path]:
    """Return a folder: one on which the kernel will refuse files of more than `most` bytes, or a disk of its own."""
    folder.mkdir()
    if most is not None:
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(folder: Path, pid: int, most: int | None) -> Iterator[None]:
    """Leave no room on the disk for a while."""
    if most is None:
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                yield
        filler.unlink()
        return
    limit(pid, most)
    try:
        yield
    finally:
        limit(pid, resource.RLIM_INFINITY)


def limit(pid: int, most: int) -> None:
    """Have the kernel refuse files beyond so many bytes to a process and all that it started."""
    for one in family(pid):
        resource.prlimit(one, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
