"""docs/answers.md against the sources: what it promises exists under that name."""

import re
from typing import Final

import pytest

from router.cli import COMMANDS
from tests.docs.pages import PAGES
from tests.house.tree import ROOT

PAGE: Final = (ROOT / "docs/answers.md").read_text()
SOURCES: Final = "\n".join(path.read_text() for top in ("router", "plugins") for path in (ROOT / top).rglob("*.py"))
CODES: Final = sorted(
    {code for row in re.findall(r"^\| \d{3}.*$", PAGE, re.MULTILINE) for code in re.findall(r"`([a-z]+_[a-z_]+)`", row)}
)
HEADERS: Final = sorted(set(re.findall(r"^\| `([A-Z][\w-]+)`", PAGE, re.MULTILINE)))


@pytest.mark.parametrize("code", CODES)
def test_a_code(code: str) -> None:
    """A code that callers are told to switch on is one that the router gives."""
    assert f'"{code}"' in SOURCES


@pytest.mark.parametrize("header", HEADERS)
def test_a_header(header: str) -> None:
    """A header that the page tells of is one that the router reads or writes."""
    assert re.search(rf'"{header}"', SOURCES, re.IGNORECASE)


def test_every_command_is_on_a_page() -> None:
    """Whoever reads finds each of the router's commands used somewhere."""
    shown = "\n".join(page.read_text() for page in PAGES)
    assert [name for name in COMMANDS if f"media-router {name}" not in shown] == []
    assert len(CODES) > 10
    assert len(HEADERS) > 5
