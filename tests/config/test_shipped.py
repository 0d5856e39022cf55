"""The configurations that are shipped, read with the plugins that are shipped."""

from functools import cache
from pathlib import Path

import pytest

from router.cli.rehearsal import gather
from router.cli.schema import rendered
from router.engine.registry import Registry
from router.engine.settings import RouterSettings, load, unoffered

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLES = sorted((CONFIG / "examples").glob("*.yaml"))
SHIPPED = [CONFIG / "router.yaml", *EXAMPLES]
OPENAI_VOICES = {
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
}
SECRETS = ("BOSON_API_KEY", "DEEPSEEK_API_KEY", "GROQ_API_KEY", "OPENAI_API_KEY")
BOSON_VOICES = {"chloe", "default", "eleanor", "jake", "marcus", "nora", "oliver"}


@cache
def installed() -> Registry:
    return Registry.discover()


def opened(path: Path) -> RouterSettings:
    """Read a configuration as on a machine that has every secret."""
    return load(path, installed(), dict.fromkeys(SECRETS, "placeholder"), lambda _: "placeholder")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
async def test_a_shipped_configuration_is_right_and_can_be_honoured(path: Path) -> None:
    """It reads without a problem, and its providers offer every task, model and voice that it names."""
    settings = opened(path)

    assert unoffered(settings, await gather(settings, installed())) == []


def test_the_default_needs_no_key_and_serves_every_voice_and_task_of_the_sdks() -> None:
    """Out of the box the names that OpenAI's and Boson's callers already use all lead somewhere."""
    settings = load(CONFIG / "router.yaml", installed(), {})

    assert set(settings.voices) == OPENAI_VOICES | BOSON_VOICES
    assert [str(route.task) for route in settings.routes] == ["speech", "transcription", "avatar", "chat"]
    assert {provider.kind for provider in settings.providers.values()} == {"embedded"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_editors_find_the_schema(path: Path) -> None:
    """The first line leads yaml-language-server to the schema."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")

    assert (path.parent / schema).resolve() == CONFIG / "schema.json"


def test_the_schema_is_current() -> None:
    """config/schema.json is what the structs and the installed kinds make now; `make schema` renews it."""
    assert (CONFIG / "schema.json").read_text(encoding="utf-8") == rendered(installed()) + "\n"
