"""`media-router work`, a process of its own on SQLite, over what a router has left."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from router.cli import app
from router.state import STATE
from router.testing.acts import Reply
from router.testing.media import film
from router.testing.serving import brought_up
from router.testing.vendor import Vendor

BODY = {"ref_image": "https://a.example/face.png", "input": "https://a.example/voice.wav"}
PATIENCE = 30.0
OWN = "providers: {local: {kind: embedded, workers: 1}}\nroutes: [{name: a, task: speech, tiers: [local]}]\n"


def config(vendor: Vendor) -> str:
    return (
        f"providers: {{boson: {{kind: boson, base_url: '{vendor.url}', api_key: '${{env:KEY}}'}}}}\n"
        "routes: [{name: faces, task: avatar, tiers: [boson]}]\n"
    )


async def left_by_a_router(vendor: Vendor, folder: Path) -> str:
    """Have a router order a film, and stop it before that is made; return the job's id."""
    async with (
        brought_up(config(vendor), folder, {"KEY": "k"}) as router,
        httpx.AsyncClient(base_url=router.url, timeout=PATIENCE) as client,
    ):
        name: str = (await client.post("/v1/videos", json=BODY)).json()["id"]
        until = time.monotonic() + PATIENCE
        while (now := (await client.get(f"/v1/videos/{name}")).json()["status"]) == "queued":
            assert time.monotonic() < until, f"the job is still {now}"
            await asyncio.sleep(0.05)
    return name


def shown(name: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    words = ["jobs", "show", name, "--json", "--config", str(folder / "router.yaml")]
    found: dict[str, Any] = json.loads(CliRunner().invoke(app, words, env=env).stdout)
    return found


async def ended(name: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """Look at a job, as an operator beside the working process does, until it has ended."""
    until = time.monotonic() + PATIENCE
    while (job := await asyncio.to_thread(shown, name, folder, env))["state"] not in {"completed", "failed"}:
        assert time.monotonic() < until, f"the job is still {job['state']}"
        await asyncio.sleep(0.2)
    return job


async def test_what_a_router_left_is_finished(tmp_path: Path) -> None:
    """The film is fetched, nothing is ordered again, and a SIGTERM ends the process with exit code 0."""
    env = {**os.environ, "KEY": "k", STATE: str(tmp_path / "state")}
    async with Vendor() as vendor:
        vendor.on("/v1/videos", Reply.of_json({"id": "up-1", "status": "in_progress"}))
        vendor.on("/v1/videos/up-1", Reply.of_json({"id": "up-1", "status": "in_progress"}))
        name = await left_by_a_router(vendor, tmp_path)
        assert shown_state(await asyncio.to_thread(shown, name, tmp_path, env)) == ("in_progress", "up-1")
        vendor.on("/v1/videos/up-1", Reply.of_json({"id": "up-1", "status": "completed"}))
        vendor.on("/v1/videos/up-1/content", Reply(film(), content_type="video/mp4"))
        command = (sys.executable, "-m", "router", "work", "--config", str(tmp_path / "router.yaml"))
        with (tmp_path / "work.log").open("w") as log:
            process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=env)
        try:
            job = await ended(name, tmp_path, env)
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), PATIENCE)
        assert [one.path for one in vendor.asked].count("/v1/videos") == 1
    assert (job["state"], job["provider"], code) == ("completed", "boson", 0)
    assert job["bytes"] == len(film())
    assert "works on jobs" in (tmp_path / "work.log").read_text()


def shown_state(job: dict[str, Any]) -> tuple[str, str]:
    return job["state"], job["upstream_id"]


def test_a_route_that_asks_for_what_nobody_offers(tmp_path: Path) -> None:
    """It stops the start, as it would a router's."""
    path = tmp_path / "router.yaml"
    path.write_text(
        "providers: {voice: {kind: higgs, base_url: http://127.0.0.1:9}}\nroutes: [{name: a, task: chat, tiers: [voice]}]\n"
    )
    result = CliRunner().invoke(app, ["work", "--config", str(path)])
    assert (result.exit_code, "routes[0].tiers[0]" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["serve", "work", "jobs list"])
def test_a_folder_that_cannot_be_made(command: str, tmp_path: Path) -> None:
    """What must outlive the router can be kept nowhere: one line says where, why, and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "router.yaml").write_text(OWN)
    words = [sys.executable, "-m", "router", *command.split(), "--config", str(tmp_path / "router.yaml")]
    env = {**os.environ, STATE: str(tmp_path / "file" / "state")}
    run = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert (run.stderr.count("\n"), "file/state: Not a directory" in run.stderr, STATE in run.stderr) == (1, True, True)


def test_help_says_what_it_does_not_do() -> None:
    """Whoever looks for a port finds that there is none."""
    assert "neither requests nor metrics" in " ".join(CliRunner().invoke(app, ["work", "--help"]).stdout.split())
