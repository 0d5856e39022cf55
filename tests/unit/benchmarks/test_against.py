"""Comparing two commits."""

from pathlib import Path

import pytest

from benchmarks.gateways.against import NoSuchCommit, before, git, summary
from benchmarks.gateways.contestants import ROUTER
from benchmarks.gateways.figures import US, Figures, Machine

MACHINE = Machine("AMD EPYC 7003 (TM)", 4, 16, "6.1", "3.11.7")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two commits, of one file."""
    git(tmp_path, "init", "--quiet")
    for text in ("older", "newer"):
        (tmp_path / "router.py").write_text(text)
        git(tmp_path, "add", "router.py")
        git(tmp_path, "-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "--quiet", "-m", text)
    return tmp_path


def test_a_commit_is_laid_out(repository: Path) -> None:
    """It is imported from a folder of its own, compiled beside what this tree has, and gone at the end."""
    (repository / "router.py").write_text("not committed")
    with before("HEAD~1", repository) as other:
        folder = Path(other.env["PYTHONPATH"])
        assert (folder / "router.py").read_text() == "older"
        assert other.env["PYTHONPYCACHEPREFIX"] != ROUTER.env["PYTHONPYCACHEPREFIX"]
        assert other.name not in {ROUTER.name, "HEAD~1"}
        assert git(repository, "rev-parse", "HEAD~1").decode().startswith(other.name)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["no-such", "--all", ""])
def test_no_such_commit(repository: Path, name: str) -> None:
    """It is said which name means nothing."""
    with pytest.raises(NoSuchCommit, match=f"no commit is called {name}"), before(name, repository):
        pass


def test_the_last_line() -> None:
    """The medians of the ratios, of what both were measured at."""
    rounds = [
        {"whole-64/cpu": {US: ours, "abc": 200.0, "nginx": 50.0}, "bulk/rate": {US: 1.0}}
        for ours in (100.0, 180.0, 200.0)
    ]
    figures = Figures("2026-01-02T0304", MACHINE, 5.0, rounds=rounds)
    assert summary(figures, "abc") == "to abc: whole-64/cpu 0.900"
