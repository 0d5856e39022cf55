"""A browser plays a film from the router, and seeks in it: headless Chromium."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import av
import httpx
import numpy as np

from router.testing.acts import Reply
from router.testing.serving import brought_up
from router.testing.vendor import Vendor

CONFIG = """
providers: {{boson: {{kind: boson, base_url: '{vendor}', api_key: '${{env:KEY}}'}}}}
routes: [{{name: faces, task: avatar, tiers: [boson]}}]
"""
BODY = {"ref_image": "https://a.example/face.png", "input": "https://a.example/voice.wav"}
SECONDS = 40
PATIENCE = 60.0
PIECE = 16 * 1024
RATE = 1_000_000
"""Bytes a second: the whole film takes half a minute."""
PAGE = """
<video id="film" muted preload="metadata"></video>
<canvas id="frame" width="64" height="64"></canvas>
<script>
  const told = [], tell = (what) => fetch("/told", {method: "POST", body: JSON.stringify(what)})
  const happens = (name) => new Promise((done) => film.addEventListener(name, done, {once: true}))
  const seek = async (at) => {
    const seeked = happens("seeked")
    film.currentTime = at
    await seeked
    const spans = [...Array(film.buffered.length).keys()]
    told.push({at: film.currentTime, ready: film.readyState,
               buffered: spans.map((one) => [film.buffered.start(one), film.buffered.end(one)])})
  }
  film.addEventListener("error", () => tell({error: film.error.message}))
  film.src = "FILM"
  happens("loadedmetadata").then(async () => {
    await seek(film.duration * 0.9)
    await seek(film.duration * 0.3)
    const moved = happens("timeupdate")
    await film.play()
    await moved
    tell({seconds: film.duration, width: film.videoWidth, height: film.videoHeight, seeks: told, played: film.currentTime})
  })
</script>
"""


class Line:
    """`async with Line(url)`: a slow way to a server, which keeps the ranges that were asked for."""

    def __init__(self, url: str) -> None:
        self.to = urlsplit(url)
        self.ranges: list[str] = []
        self._joined: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for one in self._joined:
            one.cancel()
        await asyncio.gather(*self._joined, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._join(reader, writer))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.to.hostname, self.to.port)
        ways = asyncio.gather(self._ask(reader, back), self._answer(there, writer))
        try:
            with suppress(ConnectionError):  # a browser that has what it wants hangs up
                await ways
        finally:
            ways.cancel()
            back.close()
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            self.ranges += [
                line[7:] for line in piece.decode("latin-1").split("\r\n") if line.lower().startswith("range: ")
            ]
            back.write(piece)
        back.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await there.read(PIECE):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(len(piece) / RATE)
        writer.close()


@contextmanager
def browsing(command: str, url: str, folder: Path) -> Iterator[None]:
    """Open a page in a browser of its own, and end that with all its processes."""
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
    folder.mkdir()
    with (folder / "browser.log").open("w") as log:
        running = subprocess.Popen(
            (command, *flags, f"--user-data-dir={folder}", url), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def film(path: Path) -> bytes:
    """Return a film of noise, some 25 MB of it, with its index in front."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "10", "g": "20"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(SECONDS * 10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noise.integers(0, 255, (240, 320, 3), np.uint8), "rgb24")))
        out.mux(stream.encode())
    return path.read_bytes()


async def made(url: str) -> str:
    """Have a film made; return its path."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        name = (await client.post("/v1/videos", json=BODY)).json()["id"]
        assert (await client.get(f"/v1/videos/{name}?wait=30")).json()["status"] == "completed"
    return f"/v1/videos/{name}/content"


async def told(stage: Vendor) -> Any:
    """Return what the page says."""
    async with asyncio.timeout(PATIENCE):
        while not (said := [one for one in stage.asked if one.path == "/told"]):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)
    return said[0].json


async def test_seeking(tmp_path: Path, needs: Callable[[str], str]) -> None:
    """Over a slow line it shows a picture near the end without what comes before, and plays on from another place."""
    command, content = needs("chromium"), await asyncio.to_thread(film, tmp_path / "film.mp4")
    async with Vendor() as stage:
        stage.on("/", Reply.of_json({"id": "up-1", "status": "completed"}))
        stage.on("/v1/videos/up-1/content", Reply(content, content_type="video/mp4"))
        async with brought_up(CONFIG.format(vendor=stage.url), tmp_path, {"KEY": "k"}) as router:
            path = await made(router.url)
            async with Line(router.url) as line:
                stage.on("/page", Reply(PAGE.replace("FILM", line.url + path).encode(), content_type="text/html"))
                stage.on("/told", Reply())
                with browsing(command, f"{stage.url}/page", tmp_path / "browser"):
                    seen = await told(stage)
    starts = [int(one.removeprefix("bytes=").partition("-")[0]) for one in line.ranges]
    assert "error" not in seen
    assert (round(seen["seconds"]), seen["width"], seen["height"]) == (SECONDS, 320, 240)
    assert [(round(one["at"]), one["ready"] >= 2) for one in seen["seeks"]] == [(36, True), (12, True)]
    assert any(start > len(content) * 0.8 for start in starts)
    assert sum(end - start for start, end in seen["seeks"][0]["buffered"]) < SECONDS / 2  # it was not simply waited for
    assert seen["played"] > seen["seeks"][1]["at"]
