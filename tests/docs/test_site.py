"""The site is built, every page can be reached, and what pages tell in tables or pictures is so."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from router.contract import Task
from router.engine.settings.tree import PACES
from tests.house.tree import ROOT

PICTURES: Final = sorted((ROOT / "docs/pictures").glob("*.svg"))
LARGEST: Final = 20_000
"""Bytes of a picture."""


def built(into: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(into), *flags)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_site_is_built(tmp_path: Path) -> None:
    """No link of any page leads nowhere, each page is in the navigation, and files beyond docs/ come along."""
    done = built(tmp_path)
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "index.html").read_text()
    (example,) = re.findall(r'href="repository/(config/examples/[^"]+)\.txt"', home)
    assert (tmp_path / f"repository/{example}.txt").read_text() == (ROOT / example).read_text()
    assert home.count('id="hljs-') == 2
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+\.(?:js|css)', home)


def test_a_dead_link_fails_the_build(tmp_path: Path) -> None:
    """A page that leads nowhere, or that no menu leads to, is told and ends the build."""
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text("[gone](gone.md) [out](../gone.yaml)\n")
    (pages / "lost.md").write_text("lost\n")
    rules = (ROOT / "mkdocs.yml").read_text().partition("nav:")[0].replace("deploy/guide.py", f"{ROOT}/deploy/guide.py")
    (tmp_path / "mkdocs.yml").write_text(f"{rules}nav: [index.md]\n")
    done = built(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert done.returncode != 0
    assert [name for name in ("gone.md", "gone.yaml", "lost.md") if name not in done.stderr] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_small_and_told_in_words(picture: Path) -> None:
    """It is well-formed, has a title and a description for those who do not see it, and colours for the dark."""
    assert picture.stat().st_size < LARGEST
    tree = ElementTree.fromstring(picture.read_text())
    for told in ("title", "desc"):
        assert tree.findtext(f"{{http://www.w3.org/2000/svg}}{told}")
    assert "prefers-color-scheme: dark" in picture.read_text()


def test_the_paces_on_the_page() -> None:
    """The limits that a route has when it says nothing are those of the code."""
    page = (ROOT / "docs/failover.md").read_text()
    for task in Task:
        pace = PACES[task]
        lengths = (pace.deadline, pace.first_byte, pace.gap, pace.total)
        assert f"| {task} | {' | '.join(f'{length:g}s' for length in lengths)} |" in page
