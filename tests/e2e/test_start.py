import os
import subprocess
import sys
from pathlib import Path

PROVIDERS = """
providers:
  openai: {kind: openai, base_url: "http://127.0.0.1:9/v1", speech: {models: [tts-1]}, api_key: "${env:KEY}"}
  boson: {kind: boson, base_url: "http://127.0.0.1:9", api_key: "${env:KEY}"}
  breeze: {kind: breeze, base_url: "http://127.0.0.1:9", api_key: "${env:KEY}", voice: v}
  sync: {kind: sync, base_url: "http://127.0.0.1:9", api_key: "${env:KEY}"}
  higgs: {kind: higgs, base_url: "http://127.0.0.1:9"}
  embedded: {kind: embedded}
routes:
  - {name: speech, task: speech, tiers: [embedded]}
"""
SERVE = """
import asyncio, sys
from pathlib import Path
from router.cli import COMMANDS, Deferred
Deferred("serve", *COMMANDS["serve"]).make_context("serve", [])
from router.app import build
from router.cli.config import load_config

async def serve():
    app = build(*load_config(Path("router.yaml")), Path.cwd() / "state")
    async with app.lifespan():
        print(*(name for name, module in sys.modules.items() if module))

asyncio.run(serve())
"""
LARGE = {"av", "numpy", "soxr", "cv2", "pocketsphinx", "espeakng_loader", "alembic", "psycopg", "obstore", "pydantic"}
"""For worker processes, other stores than a file and a folder, upgrades, and for nobody here."""
LATER = {"aiohttp", "rich", "pygments", "attr", "sqlalchemy.dialects.postgresql"}
"""For what is seldom asked, for people who look at tables, and for PostgreSQL."""


def test_a_process_that_serves_has_not_imported_what_others_need(tmp_path: Path) -> None:
    """With a provider of each kind, new records and nothing asked yet; each would cost every start its time and memory."""
    (tmp_path / "router.yaml").write_text(PROVIDERS)
    run = subprocess.run(
        [sys.executable, "-c", SERVE],
        cwd=tmp_path,
        env=os.environ | {"KEY": "k"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    imported = set(run.stdout.split())
    assert {"litestar", "sqlalchemy"} <= imported
    assert not imported & (LARGE | LATER)
