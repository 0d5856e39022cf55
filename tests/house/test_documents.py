from pathlib import Path
from typing import Any

import httpx
import pytest

from router.contract import HttpProvider, Task
from router.engine.registry import Registry
from router.engine.settings import load
from tests.house import documents
from tests.house.tree import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = (README, CONTRIBUTING, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_links_and_targets_exist(document: Path) -> None:
    """Every relative link leads somewhere, and every `make` target written down exists."""
    text = document.read_text()
    assert not list(documents.dead_links(document, text))
    assert not list(documents.unknown_targets(text, MAKEFILE))


def test_the_readme_configuration_loads(tmp_path: Path) -> None:
    """The configuration in the README is accepted as it stands."""
    (example,) = documents.blocks(README.read_text(), "yaml")
    file = tmp_path / "router.yaml"
    file.write_text(example)
    settings = load(file, Registry.discover(), {"BOSON_API_KEY": "x"})
    assert [route.task for route in settings.routes] == [Task.SPEECH]
    assert [team.name for team in settings.teams] == ["ads"]


async def test_the_provider_in_contributing_works() -> None:
    """The example provider can be registered, and asks its vendor for what it was asked for."""
    (example,) = documents.blocks(CONTRIBUTING.read_text(), "python")
    module: dict[str, Any] = {}
    exec(compile(example, CONTRIBUTING.name, "exec"), module)
    (kind,) = module["media_providers"]()
    assert issubclass(kind, HttpProvider)
    asked: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"ID3"), headers={"content-type": "audio/mpeg"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(vendor)) as client:
        provider = kind("mine", kind.settings_type(api_key="x"), client)
        (offer,) = provider.offers()
        speech = await offer.handle(offer.accepts(text="Hello."))
        assert b"".join([chunk async for chunk in speech.chunks]) == b"ID3"
    assert [str(one.url) for one in asked] == ["https://api.example.com/speech"]


def test_the_rules_can_fail() -> None:
    """A dead link and an unknown target are complained about; links outward and known targets are not."""
    text = "[a](README.md) [b](gone.md) [c](https://example.com)\nmake test\n`make nothing`"
    assert list(documents.dead_links(README, text)) == ["README.md: gone.md does not exist"]
    assert list(documents.unknown_targets(text, "test: x\n")) == ["make nothing does not exist"]
    assert documents.blocks("```yaml\na: 1\n```\n```sh\nb\n```\n", "yaml") == ["a: 1\n"]
