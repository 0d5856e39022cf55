"""`media-router jobs`, over stores on disk."""

import json
from pathlib import Path

import msgspec
import pytest

from router.cli.jobs import span
from router.contract import Charge, ContentRefused, JobState, Task
from router.jobs import Step
from tests.unit.cli.keeping import Kept, lost, made, ordered, told


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_a_list_of_jobs(kept: Kept) -> None:
    """The newest first, with who makes them and why they failed; nothing that a caller wrote."""
    kept.add(ordered("video_1"))
    kept.add(lost("video_2"))
    result = kept.run("jobs", "list")
    assert result.exit_code == 0
    assert result.stdout.index("video_2") < result.stdout.index("video_1")
    for word in ("ads", "in_progress", "waiting", "local", "up-1", "outcome_unknown"):
        assert word in result.stdout
    assert "hush" not in result.output


def test_a_list_of_some_jobs(kept: Kept) -> None:
    """By team, state and number, for machines as JSON."""
    for job in (made("video_1"), lost("video_2"), lost("video_3")):
        kept.add(job)

    def names(*words: str) -> list[str]:
        return [one["id"] for one in json.loads(kept.run("jobs", "list", "--json", *words).stdout)]

    assert names() == ["video_3", "video_2", "video_1"]
    assert names("--limit", "1") == ["video_3"]
    assert names("--state", "queued") == ["video_1"]
    assert names("--state", "queued", "--state", "failed", "--team", "ads") == names()
    assert names("--team", "news") == []


def test_a_job_and_its_webhooks(kept: Kept) -> None:
    """All that is known of it but the caller's words and the receiver's URL, which may hold a key."""
    kept.add(lost("video_1"), told("msg_1", "video_1"))
    result = kept.run("jobs", "show", "video_1")
    assert result.exit_code == 0
    for words in ("outcome_unknown: its answer was lost", "2033-05-18 03:33:20Z", "video_1.0", "msg_1", "a.test"):
        assert words in result.stdout
    assert "hush" not in result.output
    shown = json.loads(kept.run("jobs", "show", "video_1", "--json").stdout)
    assert (shown["asked"], shown["may_be_paid_for"], shown["media_kept"]) == ("local", True, True)


def test_a_retry_that_costs_nothing_twice(kept: Kept) -> None:
    """It is due again at once, under another key."""
    kept.add(lost("video_1", ContentRefused("no face")))
    assert kept.run("jobs", "retry", "video_1").exit_code == 0
    job = kept.job("video_1")
    assert (job.state, job.step, job.key, job.error) == (JobState.QUEUED, Step.SUBMITTING, "video_1.1", None)


@pytest.mark.parametrize(
    ("words", "answer", "code"), [((), "n\n", 1), ((), "", 1), ((), "y\n", 0), (("--yes",), "", 0)], ids=str
)
def test_a_retry_that_may_be_paid_for_twice(kept: Kept, words: tuple[str, ...], answer: str, code: int) -> None:
    """It says so, and goes on only if that is wanted."""
    kept.add(lost("video_1"))
    result = kept.run("jobs", "retry", "video_1", *words, answer=answer)
    assert result.exit_code == code
    assert ("both may have to be paid for" in result.stderr) is not bool(words)
    assert (kept.job("video_1").state is JobState.QUEUED) is (code == 0)


def test_a_retry_of_what_is_gone(kept: Kept) -> None:
    """Exit code 1, and why; the job stays as it is."""
    kept.add(lost("video_1"))
    kept.do(lambda stores: stores.kept.media.remove("video_1-0"))
    result = kept.run("jobs", "retry", "video_1", "--yes")
    assert (result.exit_code, "not kept any more" in result.stderr) == (1, True)
    assert kept.job("video_1").state is JobState.FAILED


def test_a_job_is_cancelled(kept: Kept) -> None:
    """It ends as failed, its owner will be told, and the operator what may have to be paid for."""
    kept.add(ordered("video_1"))
    result = kept.run("jobs", "cancel", "video_1")
    assert (result.exit_code, result.stdout) == (0, "video_1 is cancelled\n")
    assert "local may have taken the order" in result.stderr
    job = kept.job("video_1")
    assert (job.state, job.error and job.error.code) == (JobState.FAILED, "cancelled")
    (notice,) = kept.notices()
    assert b'"video.failed"' in notice.body
    assert kept.run("jobs", "cancel", "video_1").exit_code == 1


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
def test_a_job_that_is_not_there(kept: Kept, command: str) -> None:
    """Exit code 1 and one line."""
    result = kept.run("jobs", command, "video_9")
    assert (result.exit_code, result.stderr) == (1, "there is no job 'video_9'\n")


def test_stores_that_cannot_be_used(kept: Kept) -> None:
    """Exit code 2: nothing can be said of any job."""
    kept.state.mkdir()
    (kept.state / "records.db").write_bytes(b"no database" * 100)
    assert kept.run("jobs", "list").exit_code == 2


def test_ages() -> None:
    """In the largest unit that they fill."""
    assert [span(seconds) for seconds in (-1, 59, 61, 7200, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]


def test_what_a_cancelled_job_cost(kept: Kept) -> None:
    """What its orders cost is in the ledger, though there is no film."""
    paid = Charge(task=Task.AVATAR, provider="local", target="local", outcome="ok", cost=7)
    kept.add(msgspec.structs.replace(ordered("video_1"), charges=(paid,)))
    assert kept.run("jobs", "cancel", "video_1").exit_code == 0
    (line,) = json.loads(kept.run("usage", "--by", "team", "--by", "outcome", "--as", "json").stdout)
    assert (line["team"], line["outcome"], line["requests"], line["cost"]) == ("ads", "cancelled", 1, "0.000007")
