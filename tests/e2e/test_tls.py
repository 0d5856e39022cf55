"""TLS to the front, where the router is asked for it."""

import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

CONFIG = "providers: {local: {kind: embedded, workers: 1}}\nroutes: [{name: speech, task: speech, tiers: [local]}]\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def url(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a router speaks TLS."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key, config, written = (folder / name for name in ("cert.pem", "key.pem", "router.yaml", "log"))
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    config.write_text(CONFIG)
    command = (
        sys.executable,
        "-m",
        "router",
        "serve",
        "-c",
        str(config),
        "--port",
        "0",
        "--tls",
        str(certificate),
        str(key),
    )
    with written.open("w") as log:
        env = {**os.environ, "MEDIA_ROUTER_STATE": str(folder)}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        yield until_ready(written, authority)
    finally:
        process.terminate()
        process.wait(30)


def until_ready(written: Path, authority: trustme.CA) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = re.search(r"on (https://\S+)", written.read_text())
        if found and ready(found[1], authority):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(written.read_text())


def ready(url: str, authority: trustme.CA) -> bool:
    try:
        return httpx.get(f"{url}/readyz", verify=trusting(authority)).is_success
    except httpx.TransportError:
        return False


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_callers_that_know_the_certificate(url: str, authority: trustme.CA) -> None:
    """They are served over TLS as over plain HTTP."""
    answer = httpx.post(f"{url}/v1/audio/speech", json={"input": "hello"}, verify=trusting(authority), timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")


def test_callers_that_do_not(url: str) -> None:
    """Who cannot check the certificate, or speaks no TLS at all, gets nothing."""
    for other in (url, url.replace("https", "http")):
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{other}/healthz")
