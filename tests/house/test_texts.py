from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import texts
from tests.house.tree import ROOT, files

Text = Callable[[Path, str], Iterator[str]]

COMMITTED = tuple(files())
KEY = "a1" * 16


def read(path: Path) -> str:
    return "" if path.name == texts.LOCK else path.read_text(encoding="utf-8", errors="ignore")


def test_the_top_of_the_repository_is_the_fixed_set() -> None:
    """Nothing lies at the top but what a reader expects there."""
    assert not list(texts.strangers({path.relative_to(ROOT).parts[0] for path in COMMITTED}))


def test_a_stranger_at_the_top_is_seen() -> None:
    """A loose file at the top is complained about, a dot file is not."""
    assert len(list(texts.strangers(["README.md", ".gitignore", "notes.txt"]))) == 1


def test_no_file_is_large() -> None:
    """No file but the lock file is over 200 kB."""
    complaints = [one for path in COMMITTED for one in texts.heavy(path.relative_to(ROOT), path.stat().st_size)]
    assert not complaints, "\n".join(complaints)


def test_a_large_file_is_seen() -> None:
    """A file one byte too large is complained about, the lock file never."""
    assert not list(texts.heavy(Path("uv.lock"), 10**9))
    assert not list(texts.heavy(Path("a.png"), 200_000))
    assert len(list(texts.heavy(Path("a.png"), 200_001))) == 1


@pytest.mark.parametrize("rule", [texts.told_paths, texts.told_secrets])
def test_no_file_tells_what_it_must_not(rule: Text) -> None:
    """No file names a path of somebody's machine or holds a credential."""
    complaints = [one for path in COMMITTED for one in rule(path.relative_to(ROOT), read(path))]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        (texts.told_paths, "/run/secrets/x and https://a.b/home/c", f"see /{'home'}/alice/notes"),
        (texts.told_paths, "./tmp/x and ~/work/y", f'open("/{"tmp"}/x")'),
        (texts.told_secrets, 'api_key: "${env:BOSON_API_KEY}"', f'api_key: "{KEY}"'),
        (texts.told_secrets, 'keys: ["sha256:…"]', f"export OPENAI_API_KEY=sk-{KEY}"),
        (texts.told_secrets, 'token = "synthetic-key-for-the-test"', f"-----{'BEGIN'} RSA PRIVATE KEY-----"),
        (texts.told_secrets, "the secret is kept", f"AKIA{'A1' * 8}"),
    ],
)
def test_the_rule_can_fail(rule: Text, kept: str, broken: str) -> None:
    """Each rule lets harmless text pass and complains once about the other."""
    assert list(rule(Path("sample"), kept)) == []
    assert len(list(rule(Path("sample"), broken))) == 1


def test_only_tests_may_bring_a_key() -> None:
    """A private key is allowed in a file of tests/ named for it, and nowhere else."""
    key = f"-----{'BEGIN'} PRIVATE KEY-----"
    assert not list(texts.told_secrets(Path("tests/tls/media.test.pem"), key))
    assert list(texts.told_secrets(Path("deploy/media.test.pem"), key))
    assert list(texts.told_secrets(Path("tests/tls/media.pem"), key))
