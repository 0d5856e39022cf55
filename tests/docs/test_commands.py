"""Every command and program that a page shows is run, in its page's order, beside a router on the shipped configuration."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from plugins.embedded.portrait import draw_portrait
from router.contract import AudioFormat
from router.testing.media import sound
from router.testing.serving import Served, serving
from tests.docs.pages import INSTALLED, PAGES, Block, blocks
from tests.house.tree import ROOT

LANGUAGES: Final = ("sh", "python")
SHOWN: Final = re.compile(r"(?:localhost|127\.0\.0\.1):8000")
"""Where the pages have their router."""
PATIENCE: Final = 60.0
RUN: Final = [page for page in PAGES if page != INSTALLED and blocks(page, *LANGUAGES)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start a router that has served before: what pages look for in its metrics is there once it has."""
    with serving((ROOT / "config/router.yaml").read_text(), tmp_path_factory.mktemp("router")) as running:
        httpx.post(f"{running.url}/v1/audio/speech", json={"input": "hello"}, timeout=60).raise_for_status()
        yield running


def prepared(folder: Path) -> Path:
    """Lay out what the pages expect to find: the project's commands and configuration, a portrait, a recording."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "config").symlink_to(ROOT / "config")
    (folder / "portrait.png").write_bytes(draw_portrait())
    (folder / "voice.wav").write_bytes(sound(AudioFormat.WAV))
    return folder


def run(block: Block, folder: Path, served: Served) -> subprocess.CompletedProcess[str]:
    """Run one block as a reader would, but on this router's port and on its own state."""
    text = SHOWN.sub(served.url.removeprefix("http://"), block.text)
    program = (sys.executable, "-c", text) if block.language == "python" else ("sh", "-euc", text)
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MEDIA_ROUTER_STATE": str(served.config.parent / "state"),
        "ROUTER": served.url,
        "KEY": "a-key-of-a-team",
    }
    return subprocess.run(program, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_a_page(page: Path, served: Served, tmp_path: Path, needs: Callable[[str], str]) -> None:
    """Each block ends well, unless a comment above it says why nobody runs it."""
    needs("curl")
    folder = prepared(tmp_path)
    for block in blocks(page, *LANGUAGES):
        if not block.skipped:
            done = run(block, folder, served)
            assert done.returncode == 0, f"{block.place}: {done.stderr}{done.stdout}"


def test_a_block_that_fails_is_seen(served: Served, tmp_path: Path) -> None:
    """A command that fails in the middle of a block fails it, and so does a program; reasons have to be given."""
    page = tmp_path / "page.md"
    page.write_text("```sh\nfalse\ntrue\n```\n\n```python\nassert 0\n```\n\n<!-- not run: why -->\n```sh\nfalse\n```\n")
    failing = blocks(page, "sh", "python")
    assert [run(block, tmp_path, served).returncode for block in failing] == [1, 1, 1]
    assert [block.skipped for block in failing] == [False, False, True]
    page.write_text("<!-- not run: -->\n```sh\nfalse\n```\n")
    assert [block.skipped for block in blocks(page, "sh")] == [False]
