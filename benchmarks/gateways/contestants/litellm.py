"""LiteLLM's proxy, from PyPI, as its documentation starts it: one worker, a master key, Prometheus, no database."""

from typing import Final

import msgspec

from benchmarks.gateways.contestants.contestant import KEY, TOOLS, Command, Contestant, Site
from benchmarks.gateways.vendor.answers import MODELS

PROGRAM: Final = TOOLS / "litellm" / "bin" / "litellm"
PYTHON: Final = PROGRAM.with_name("python")


def launch(site: Site) -> Command:
    """Write its configuration; JSON is YAML."""
    file = site.folder / "litellm.yaml"
    file.write_bytes(msgspec.json.encode(config(site)))
    return (str(PROGRAM), "--config", str(file), "--host", "127.0.0.1", "--port", str(site.port), "--num_workers", "1")


def config(site: Site) -> object:
    """Return its configuration: each model by name, its cooldown of failing targets as it comes."""
    account = {"api_base": site.vendor_url, "api_key": "k"}
    return {
        "model_list": [{"model_name": one, "litellm_params": {"model": f"openai/{one}", **account}} for one in MODELS],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"callbacks": ["prometheus"], "json_logs": True},
    }


def version() -> str:
    """Return what is installed."""
    (found,) = (TOOLS / "litellm").glob("lib/python*/site-packages/litellm-[0-9]*.dist-info")
    return found.name.removesuffix(".dist-info").partition("-")[2]


LITELLM = Contestant(
    "LiteLLM",
    version,
    PROGRAM,
    launch,
    env={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"},
    lacks={"film": "it has no such endpoint"},
    slow=True,
    python=PYTHON,
)
