"""The provider on docs/writing-a-provider.md, laid out and installed as the page says."""

import asyncio
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import httpx
import pytest
import yaml

from router.contract import AudioFormat
from router.testing.acts import Reply
from router.testing.media import sound
from router.testing.serving import serving
from router.testing.suite import CHECKS
from router.testing.vendor import Vendor
from tests.docs.pages import blocks
from tests.house.tree import ROOT

PAGE: Final = ROOT / "docs/writing-a-provider.md"
KEY: Final = "key-for-tests"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder that holds the distribution, with the metadata that an installer would write."""
    module, test = blocks(PAGE, "python")
    (project,) = blocks(PAGE, "toml")
    (tmp_path / "acme.py").write_text(module.text)
    (tmp_path / "test_acme.py").write_text(test.text)
    told = tomllib.loads(project.text)["project"]
    metadata = tmp_path / "acme_speech-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n")
    points = "".join(f"{name} = {where}\n" for name, where in told["entry-points"]["media_router"].items())
    (metadata / "entry_points.txt").write_text(f"[media_router]\n{points}")
    return tmp_path


def surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "ACME_API_KEY": KEY}


def test_the_suite_judges_it(installed: Path) -> None:
    """The test on the page passes, and it is the whole suite."""
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "asyncio_mode=auto",
        "test_acme.py",
    )
    done = subprocess.run(
        command, cwd=installed, env=surroundings(installed), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(CHECKS)} passed" in done.stdout


async def test_the_router_serves_with_it(installed: Path) -> None:
    """A router started beside it finds it, asks its vendor, and hands its mp3 to a caller as it came."""
    (block,) = blocks(PAGE, "yaml")
    configuration = yaml.safe_load(block.text)
    mp3 = sound(AudioFormat.MP3)
    async with Vendor(Reply(mp3, content_type="audio/mpeg")) as vendor:
        configuration["providers"]["acme"]["base_url"] = vendor.url
        answer = await asyncio.to_thread(spoken, yaml.safe_dump(configuration), installed)
        assert (answer.headers["x-media-provider"], answer.content) == ("acme", mp3)
        assert vendor.asked[0].json == {"text": "Hello.", "voice": "ada"}


def spoken(configuration: str, folder: Path) -> httpx.Response:
    """Return what a caller hears."""
    with serving(configuration, folder, surroundings(folder)) as served:
        return httpx.post(f"{served.url}/v1/audio/speech", json={"model": "tts-1", "input": "Hello."})
