"""Videos as jobs, by OpenAI's own Python client and by httpx where that has no field for what a video takes."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import openai
import pytest

from plugins.embedded.portrait import draw_portrait
from router.testing.serving import Served, serving

# The SDK calls the paths deprecated since OpenAI's own service ends; Boson's goes on.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

CONFIG = (Path(__file__).parents[2] / "config" / "router.yaml").read_text()
FACE = draw_portrait()
TEXT = {"input_tts": json.dumps({"input": "Good morning.", "voice": "alloy"})}


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(CONFIG, tmp_path_factory.mktemp("videos")) as served:
        yield served


@pytest.fixture(scope="module")
def client(router: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{router.url}/v1", api_key="not-needed", max_retries=0, timeout=90) as opened:
        yield opened


@pytest.fixture(scope="module")
def web(router: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=router.url, timeout=90) as opened:
        yield opened


def created(client: openai.OpenAI, **fields: Any) -> openai.types.Video:
    """Make a video with the SDK, whose every call is multipart; a face is a data URI there, and there is no prompt."""
    face = f"data:image/png;base64,{base64.b64encode(FACE).decode()}"
    body = {"ref_image": face, **TEXT, **fields}
    return client.videos.create(prompt=openai.omit, model="higgs-avatar", extra_body=body)  # type: ignore[arg-type]


def ended(client: openai.OpenAI, video: openai.types.Video) -> openai.types.Video:
    """Wait for the end in one request."""
    return client.videos.retrieve(video.id, extra_query={"wait": 60})


@pytest.fixture(scope="module")
def video(client: openai.OpenAI) -> openai.types.Video:
    return ended(client, created(client))


def watched(film: bytes) -> tuple[int, int, float]:
    """Width, height and decoded seconds, as PyAV has them."""
    with av.open(io.BytesIO(film), "r") as container:
        stream = container.streams.video[0]
        frames = [frame.time for frame in container.decode(stream)]
        return stream.width, stream.height, float(frames[-1] or 0)


def test_create_and_retrieve(client: openai.OpenAI) -> None:
    """The SDK creates a queued video and finds it completed, in the types it declares."""
    queued = created(client, size="480x640")
    assert (queued.object, queued.status, queued.model, queued.size) == ("video", "queued", "higgs-avatar", "480x640")
    done = ended(client, queued)
    assert (done.id, done.status, done.progress, done.error) == (queued.id, "completed", 100, None)
    assert done.completed_at is not None
    assert done.expires_at is not None
    assert done.created_at <= done.completed_at < done.expires_at


@pytest.mark.parametrize("interval", [openai.omit, 50])
def test_polling(client: openai.OpenAI, interval: Any) -> None:
    """The SDK's own helpers create a video and look at it, at their pace or the caller's, until it has ended."""
    face = f"data:image/png;base64,{base64.b64encode(FACE).decode()}"
    body = {"ref_image": face, "model": "higgs-avatar", **TEXT}
    done = client.videos.create_and_poll(prompt=openai.omit, extra_body=body, poll_interval_ms=interval)  # type: ignore[arg-type]
    assert (done.status, done.progress) == ("completed", 100)
    assert client.videos.poll(done.id, poll_interval_ms=interval) == done
    assert client.videos.download_content(done.id).content[4:8] == b"ftyp"


def test_download(client: openai.OpenAI, video: openai.types.Video) -> None:
    """What the SDK downloads is a film of the size asked for, as long as the video says."""
    film = client.videos.download_content(video.id)
    assert film.response.headers["content-type"] == "video/mp4"
    width, height, seconds = watched(film.content)
    assert (width, height) == (640, 640)
    assert seconds == pytest.approx(float(video.seconds), abs=0.3)


def test_seeking(web: httpx.Client, video: openai.types.Video) -> None:
    """A film can be read in pieces, its size asked for beforehand, and not read again when one has it."""
    url = f"/v1/videos/{video.id}/content"
    whole, head = web.get(url), web.head(url)
    assert (head.status_code, head.content) == (200, b"")
    size = int(head.headers["content-length"])
    pieces = [web.get(url, headers={"range": f"bytes={at}-{at + 29_999}"}) for at in range(0, size, 30_000)]
    assert {piece.status_code for piece in pieces} == {206}
    assert b"".join(piece.content for piece in pieces) == whole.content
    assert web.get(url, headers={"if-none-match": head.headers["etag"]}).status_code == 304
    assert web.get(url, headers={"range": f"bytes={size}-"}).status_code == 416


def test_list(client: openai.OpenAI) -> None:
    """The SDK pages through every video there is, by itself, in either order."""
    made = [created(client).id for _ in range(3)]
    newest = [video.id for video in client.videos.list(limit=2)]
    assert newest[:3] == made[::-1]
    assert [video.id for video in client.videos.list(limit=2, order="asc")] == newest[::-1]


def test_delete(client: openai.OpenAI) -> None:
    """A deleted video says so, in whatever state it was, and the SDK finds it no more."""
    video = created(client)
    gone = client.videos.delete(video.id)
    assert (gone.id, gone.deleted, gone.object) == (video.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_a_failed_video(client: openai.OpenAI) -> None:
    """A picture without a face is a failed video, whose error the SDK hands on as the string Boson writes."""
    grey = io.BytesIO()
    with av.open(grey, "w", format="image2pipe") as out:
        stream = out.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "rgb24"
        out.mux(stream.encode(av.VideoFrame(320, 320, "rgb24")))
        out.mux(stream.encode())
    face = base64.b64encode(grey.getvalue()).decode()
    video = ended(client, created(client, ref_image=face))
    assert video.status == "failed"
    assert str(video.error).startswith("no face was found in ref_image")
    assert video.model_extra is not None
    assert video.model_extra["error_code"] == "no_face"
    with pytest.raises(openai.NotFoundError) as caught:
        client.videos.download_content(video.id)
    assert caught.value.code == "video_not_ready"


def test_bad_input(client: openai.OpenAI) -> None:
    """The SDK raises its own exceptions, with the seeds' codes in them."""
    with pytest.raises(openai.BadRequestError) as size:
        created(client, size="1x1")
    assert (size.value.code, size.value.param) == ("invalid_size", "size")
    with pytest.raises(openai.UnprocessableEntityError) as both:
        created(client, input="https://a.example/v.wav")
    assert both.value.code == "conflicting_fields"
    with pytest.raises(openai.NotFoundError) as model:
        created(client, model="higgs-nothing")
    assert model.value.code == "model_not_found"


def test_files(web: httpx.Client) -> None:
    """Boson's own form, with files for face and voice: what is spooled to disk lives as long as the job."""
    spoken = web.post("/v1/audio/speech", json={"input": "Good morning.", "response_format": "wav"})
    spooled = FACE + bytes(2 * 1024 * 1024)  # what follows a picture's end is no part of it
    files = {"ref_image": ("face.png", spooled), "input": ("voice.wav", spoken.content)}
    name = web.post("/v1/videos", files=files).json()["id"]
    done = web.get(f"/v1/videos/{name}", params={"wait": 60}).json()
    assert (done["status"], done["error"]) == ("completed", None)
    assert float(done["seconds"]) == pytest.approx((len(spoken.content) - 44) / 48_000, abs=0.2)


def test_a_restart(tmp_path: Path) -> None:
    """Videos in the making when the router stops are made by the next one; what was uploaded for them is gone then."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with serving(CONFIG, tmp_path, {"TMPDIR": str(scratch)}) as served:
        files = {"ref_image": ("face.png", FACE)}
        names = [httpx.post(f"{served.url}/v1/videos", data=TEXT, files=files).json()["id"] for _ in range(2)]
    assert not list(scratch.glob("media-router-*"))
    with serving(CONFIG, tmp_path, {"TMPDIR": str(scratch)}) as served:
        for name in names:
            told = httpx.get(f"{served.url}/v1/videos/{name}", params={"wait": 60}, timeout=90).json()
            assert told["status"] == "completed"
        assert sorted(path.name for path in (tmp_path / "state" / "media").iterdir()) == sorted(names)
