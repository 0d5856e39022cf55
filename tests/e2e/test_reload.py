"""The configuration changes while the router runs: what changes for whom, and what stays as it is."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from plugins.embedded.portrait import draw_portrait
from router.testing.acts import Reply
from tests.e2e.metrics import metric
from tests.e2e.reloading import PATIENCE, Live, live
from tests.e2e.test_processes import WORKER
from tests.e2e.upstreams import PCM, noise, too_many

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = Reply(PCM, content_type="audio/pcm")
SLOW = Reply((PCM,) * 20, content_type="audio/pcm", pause=0.1)
MP4 = b"\0\0\0\x18ftypisom" + bytes(64)
CONFIG = """
providers:
  blocked: {kind: boson, base_url: "{vendor}/blocked", api_key: "${env:KEY}"}
  mended: {kind: boson, base_url: "{vendor}/mended", api_key: "${env:KEY}"}
  slow: {kind: boson, base_url: "{vendor}/slow", api_key: "${env:KEY}"}
  dropped: {kind: boson, base_url: "{vendor}/dropped", api_key: "${env:KEY}"}
  secret: {kind: boson, base_url: "{vendor}/secret", api_key: "${file:secret.txt}"}
  good: {kind: boson, base_url: "{vendor}/good", api_key: "${env:KEY}"}
routes:
  - {name: blocked, task: speech, tiers: [blocked, good]}
  - {name: mended, task: speech, tiers: [mended, good]}
  - {name: slow, task: speech, tiers: [slow], attempts: 3}
  - {name: dropped, task: speech, tiers: [dropped]}
  - {name: secret, task: speech, tiers: [secret]}
  - {name: changing, task: speech, tiers: [good], deadline: 60s}
"""


def digest(key: str) -> str:
    return f"sha256:{sha256(key.encode()).hexdigest()}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    folder = tmp_path_factory.mktemp("reload")
    (folder / "secret.txt").write_text("first")
    async with live(CONFIG, folder) as scene:
        scene.vendor.on("/", GOOD)
        yield scene


async def test_a_block_outlives_an_unrelated_change(scene: Live) -> None:
    """A target that asked to be left alone for a minute is not asked again because something else changed."""
    scene.vendor.on("/blocked/", too_many(Retry_After="60"))
    assert (await scene.speak("blocked")).headers["x-media-provider"] == "good"
    before = len(scene.told())
    scene.edit(("deadline: 60s", "deadline: 59s"))
    (line,) = await scene.reloaded(before)
    assert (line["outcome"], line["changes"]) == ("applied", ["changed routes[changing].deadline: 60.0 -> 59.0"])
    answer = await scene.speak("blocked")
    assert (answer.headers["x-media-provider"], answer.headers["x-media-attempts"]) == ("good", "1")
    assert len(scene.vendor.of("blocked")) == 1
    scene.edit(("deadline: 59s", "deadline: 60s"))
    await scene.reloaded(before + 1)


async def test_a_changed_target_is_asked_afresh(scene: Live) -> None:
    """What was known of a target is forgotten with the settings it was known under."""
    scene.vendor.on("/mended/", too_many(Retry_After="60"), GOOD)
    assert (await scene.speak("mended")).headers["x-media-provider"] == "good"
    before = len(scene.told())
    scene.edit((f'{scene.vendor.url}/mended", ', f'{scene.vendor.url}/mended/again", '))
    (line,) = await scene.reloaded(before)
    assert [change.split(":")[0] for change in line["changes"]] == ["changed providers.mended.base_url"]
    assert (await scene.speak("mended")).headers["x-media-provider"] == "mended"


async def test_a_mistake(scene: Live) -> None:
    """It is told with file, line and column, as `check` tells it, and the configuration in force stays."""
    before, generation = len(scene.told()), await generations(scene)
    refused = metric(scene.router.url, "reloads_total", outcome="refused")
    scene.edit(("attempts: 3", "atempts: 3"))
    (line,) = await scene.reloaded(before)
    assert (line["outcome"], line["level"]) == ("refused", "warning")
    (problem,) = line["problems"]
    assert problem.startswith(f"{scene.router.config}:12:")
    assert problem.endswith("routes[2].atempts: unknown key 'atempts'; did you mean 'attempts'?")
    assert (await scene.speak("slow")).status_code == 200
    assert metric(scene.router.url, "reloads_total", outcome="refused") == refused + 1
    assert await generations(scene) == generation
    scene.edit(("atempts: 3", "attempts: 3"))
    (line,) = await scene.reloaded(before + 1)
    assert line["outcome"] == "unchanged"


async def test_what_needs_a_restart(scene: Live) -> None:
    """A change of where it listens is refused by name, and with it all else that changed at the same time."""
    before = len(scene.told())
    scene.edit(("deadline: 60s}", "deadline: 50s}\nserver: {port: 1}"))
    (line,) = await scene.reloaded(before)
    (problem,) = line["problems"]
    assert problem.endswith("server.port: is 8000 while the router runs; to be 1 it needs a restart")
    scene.edit(("deadline: 50s}\nserver: {port: 1}", "deadline: 60s}"))
    await scene.reloaded(before + 1)


async def test_a_route_to_what_nobody_offers(scene: Live) -> None:
    """What only a started provider can say is checked too, before anything changes."""
    before = len(scene.told())
    scene.edit(("{name: changing, task: speech", "{name: changing, task: transcription"))
    (line,) = await scene.reloaded(before)
    assert "provider 'good' offers no transcription" in line["problems"][0]
    scene.edit(("{name: changing, task: transcription", "{name: changing, task: speech"))
    await scene.reloaded(before + 1)


async def test_a_stream_under_way(scene: Live) -> None:
    """It comes to its end, though its provider and its route are no longer there; new requests do not find them."""
    scene.vendor.on("/dropped/", SLOW)
    under_way = asyncio.create_task(scene.speak("dropped"))
    await scene.vendor.has("dropped", 1)
    before = len(scene.told())
    provider = next(one for one in scene.router.config.read_text().splitlines() if one.startswith("  dropped:"))
    route = "  - {name: dropped, task: speech, tiers: [dropped]}\n"
    scene.edit((f"{provider}\n", ""), (route, ""))
    scene.hang_up()
    (line,) = await scene.reloaded(before)
    assert line["changes"] == ["removed providers.dropped", "removed routes[dropped]"]
    assert not under_way.done()
    assert (await scene.speak("dropped")).status_code == 404
    answer = await under_way
    assert answer.content == PCM * 20
    assert scene.vendor.of("dropped")[0].abandoned is False


async def test_a_job_under_way(scene: Live) -> None:
    """A video whose provider is taken out of the configuration waits, and is finished once that is back."""
    making, made = ({"id": "up-1", "status": status} for status in ("in_progress", "completed"))
    scene.vendor.on("/studio/v1/videos", Reply.of_json(making))
    provider = f'  studio: {{kind: boson, base_url: "{scene.vendor.url}/studio", api_key: "${{env:KEY}}"}}\n'
    route = "  - {name: studio, task: avatar, tiers: [studio]}\n"
    before = len(scene.told())
    scene.edit(("\nroutes:\n", f"\n{provider}routes:\n{route}"))
    scene.hang_up()
    await scene.reloaded(before)
    files = {"ref_image": ("face.png", draw_portrait()), "input": ("talk.wav", noise(1.0))}
    job = await scene.client.post(f"{scene.router.url}/v1/videos", data={"model": "studio"}, files=files)
    await scene.vendor.has("studio", 1)
    scene.edit((provider, ""), (route, ""))
    scene.hang_up()
    await scene.reloaded(before + 1)
    video = f"{scene.router.url}/v1/videos/{job.json()['id']}"
    assert (await scene.client.get(video)).json()["status"] == "in_progress"
    scene.vendor.on("/studio/v1/videos/up-1", Reply.of_json(made))
    scene.vendor.on("/studio/v1/videos/up-1/content", Reply(MP4 + PCM * 20, content_type="video/mp4"))
    scene.edit(("\nroutes:\n", f"\n{provider}routes:\n{route}"))
    scene.hang_up()
    await scene.reloaded(before + 2)
    assert (await scene.client.get(video, params={"wait": "30"})).json()["status"] == "completed"
    assert (await scene.client.get(f"{video}/content")).content == MP4 + PCM * 20


async def test_a_secret_that_was_replaced(scene: Live) -> None:
    """SIGHUP reads it anew; the log says that it changed, and neither what it was nor what it is."""
    await scene.speak("secret")
    (scene.router.config.parent / "secret.txt").write_text("n3w-s3cret")
    before = len(scene.told())
    scene.hang_up()
    (line,) = await scene.reloaded(before)
    assert line["changes"] == ["changed providers.secret.api_key (not shown)"]
    await scene.speak("secret")
    keys = [one.headers["authorization"] for one in scene.vendor.of("secret")]
    assert keys == ["Bearer first", "Bearer n3w-s3cret"]
    assert "n3w-s3cret" not in scene.router.log


async def test_teams(scene: Live) -> None:
    """A key counts from the moment its team is there, and no longer when it is gone."""
    before = len(scene.told())
    scene.edit(("routes:\n", f'teams:\n  - {{name: ads, keys: ["{digest("old")}"]}}\nroutes:\n'))
    scene.hang_up()
    await scene.reloaded(before)
    assert (await scene.speak("changing", authorization="Bearer old")).status_code == 200
    scene.edit((digest("old"), digest("new")))
    await scene.reloaded(len(scene.told()))
    assert (await scene.speak("changing", authorization="Bearer old")).status_code == 401
    assert (await scene.speak("changing", authorization="Bearer new")).status_code == 200
    before = len(scene.told())
    scene.edit((f'teams:\n  - {{name: ads, keys: ["{digest("new")}"]}}\n', ""))
    await scene.reloaded(before)
    assert (await scene.speak("changing")).status_code == 200


async def generations(scene: Live) -> list[float]:
    """Return each process's generation."""
    page = (await scene.client.get(f"{scene.router.url}/metrics")).text
    prefix = "media_router_config_generation{"
    return sorted(float(line.split()[-1]) for line in page.splitlines() if line.startswith(prefix))


async def test_a_process_that_dies_while_the_file_is_faulty(tmp_path: Path) -> None:
    """The one that takes its place serves by the configuration that was in force, and follows when it is mended."""
    config = CONFIG.replace("${file:secret.txt}", "${env:KEY}")
    async with live(config, tmp_path) as scene:
        scene.vendor.on("/", GOOD)
        scene.edit(("name: changing", "name: changed"))
        scene.hang_up()
        await scene.reloaded(0)
        scene.edit(("attempts: 3", "atempts: 3"))
        scene.hang_up()
        await scene.reloaded(1)
        os.kill(int(WORKER.findall(scene.router.log)[0]), signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while scene.router.log.count('"outcome":"started"') < 2:  # noqa: ASYNC110 - a log tells nobody that it grew
                await asyncio.sleep(0.1)
        assert "begins with the last sound one" in scene.router.log
        assert (await scene.speak("changed")).status_code == 200
        before = len(scene.told())
        scene.edit(("atempts: 3", "attempts: 2"))
        (line,) = await scene.reloaded(before)
        assert line["changes"] == ["changed routes[slow].attempts: 3 -> 2"]


async def test_several_processes(tmp_path: Path) -> None:
    """Each of them follows, by the file alone and on SIGHUP, and none of them is replaced for it."""
    config = CONFIG.replace("${file:secret.txt}", "${env:KEY}")
    async with live(config, tmp_path, "--workers", "2") as scene:
        scene.vendor.on("/", GOOD)
        async with asyncio.timeout(PATIENCE):
            while await generations(scene) != [1, 1]:  # noqa: ASYNC110 - the other process tells nobody
                await asyncio.sleep(0.1)
        scene.edit(("deadline: 60s", "deadline: 59s"))
        assert {line["outcome"] for line in await scene.reloaded(0, 2)} == {"applied"}
        assert await generations(scene) == [2, 2]
        scene.edit(("deadline: 59s", "deadline: 58s"))
        scene.hang_up()
        assert {line["outcome"] for line in await scene.reloaded(2, 2)} == {"applied"}
        assert await generations(scene) == [3, 3]
        assert scene.router.log.count(") is started") == 2
