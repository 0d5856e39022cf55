"""Every piece of configuration that a page shows is taken by the router, or refused as the page says."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import yaml

from router.engine.registry import Registry
from router.engine.settings import SettingsError, load
from tests.docs.pages import INSTALLED, PAGES, Block, blocks

KEYS: Final = {"providers", "routes", "voices", "teams", "server", "storage", "prices", "scenarios", "sockets"}
KINDS: Final = {
    "boson": 'boson: {kind: boson, api_key: "${env:KEY}"}',
    "breeze": 'breeze: {kind: breeze, api_key: "${env:KEY}", voice: v}',
    "gpu-a": 'gpu-a: {kind: higgs, base_url: "http://gpu.internal"}',
    "openai": 'openai: {kind: openai, api_key: "${env:KEY}"}',
    "local": "local: {kind: embedded}",
}
"""Accounts that fragments may name; a page that configures one itself keeps its own."""
ROUTES: Final = (
    "routes:\n  - {name: say, task: speech, models: [tts-1], tiers: [local]}\n"
    "  - {name: narration, task: speech, tiers: [local]}\n"
    "  - {name: listen, task: transcription, tiers: [local]}\n  - {name: think, task: chat, tiers: [local]}\n"
)
SECRETS: Final = {"DATABASE_URL": "postgresql://db.internal/router", "WEBHOOK_SECRET": "whsec_" + "a" * 32}


@cache
def installed() -> Registry:
    return Registry.discover()


def is_configuration(text: str) -> bool:
    """Whether a block is of the router's own file: any of its keys tells, so that a wrong one beside it is seen."""
    tree = yaml.safe_load(text)
    return isinstance(tree, dict) and not KEYS.isdisjoint(tree)


def whole(text: str) -> str:
    """Return a fragment with what it leaves out: accounts that it may name, and a route for each task."""
    tree = yaml.safe_load(text)
    routes = "" if "routes" in tree else ROUTES
    if "providers" in tree and "routes" in tree:
        return text
    accounts = "".join(f"  {line}\n" for name, line in KINDS.items() if name not in tree.get("providers", {}))
    if "providers" in tree:
        return text.replace("providers:\n", f"providers:\n{accounts}", 1) + routes
    return f"{text}providers:\n{accounts}{routes}"


CONFIGURATIONS: Final = [
    block for page in PAGES if page != INSTALLED for block in blocks(page, "yaml") if is_configuration(block.text)
]


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=lambda block: block.place)
def test_configuration_on_a_page(block: Block, tmp_path: Path) -> None:
    """It loads as it stands, or meets the very error that the page names."""
    file = tmp_path / "router.yaml"
    file.write_text(whole(block.text))
    env = {name: SECRETS.get(name, "placeholder") for name in re.findall(r"\$\{env:(\w+)\}", file.read_text())}
    if block.refusal is None:
        assert load(file, installed(), env, lambda _: "placeholder").routes
        return
    with pytest.raises(SettingsError) as refused:
        load(file, installed(), env)
    assert block.refusal in str(refused.value)


def test_what_is_no_configuration_is_left_alone() -> None:
    """Other people's YAML is not judged; one key of ours makes it ours, whatever else it holds."""
    assert not is_configuration("services: {router: {image: x}}\n")
    assert is_configuration("providers: {local: {kind: embedded}}\nroute: []\n")
    assert len({block.page for block in CONFIGURATIONS}) > 5
