from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from router.contract import AvatarRequest, Inline, JobState, MediaError, SpeechRequest, Ticket, Upload, Url
from router.jobs import FINAL, Fault, Hook, Job, Step
from router.jobs.record import expectation, length
from router.store.media import Stored
from tests.unit.jobs.making import REQUEST

QUEUED = Job(id="video_1", team="ads", model="m", created_at=1000.0, expected=4.0)
ASKING = QUEUED.asking("a", 1000.0)
ORDERED = ASKING.ordered("a", Ticket("up-1", JobState.QUEUED))
FILM = Stored("video_1", 6, "video/mp4", '"tag"')
SECONDS = st.floats(min_value=0, max_value=1e6)
JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
JOBS = st.builds(
    Job,
    id=st.text(), team=st.text(), model=st.text(), created_at=SECONDS, expires_at=st.none() | SECONDS,
    started_at=st.none() | SECONDS, seconds=st.none() | SECONDS, error=st.none() | st.builds(Fault, st.text(), st.text()),
    film=st.none() | st.just(FILM), echo=st.dictionaries(st.text(), JSON), state=st.sampled_from(JobState),
    hook=st.none() | st.builds(Hook, st.text(), st.text()), step=st.sampled_from(Step), asked=st.none() | st.text(),
    order=JSON.map(lambda value: msgspec.Raw(msgspec.json.encode(value))), failed=st.lists(st.text()).map(tuple),
    inputs=st.lists(st.text()).map(tuple), provider=st.text(), upstream_id=st.text(), faults=st.integers(0, 99),
)  # fmt: skip


@given(job=JOBS, epoch=st.integers(0, 99))
def test_a_row_keeps_all_of_a_job(job: Job, epoch: int) -> None:
    """What is read back is what was written, whatever the caller wanted echoed."""
    row = job.row(5.0, epoch)
    assert Job.of(row) == job
    assert (row.id, row.team, row.epoch, row.run_at) == (job.id, job.team, epoch, 5.0)


def test_what_is_searched_for_has_a_column() -> None:
    """State, end, expiry and the provider's own id are told outside the body too."""
    done = ORDERED.done(1010.0, FILM, "a", None).expiring(100.0).row(None)
    assert (done.state, done.final, done.expires_at) == ("completed", True, 1110.0)
    assert (done.provider, done.upstream_id, done.run_at) == ("a", "up-1", None)
    assert (ORDERED.row(5.0).final, ORDERED.row(5.0).expires_at) == (False, None)


# Transitions --------------------------------------------------------------------------------------


def test_asking() -> None:
    """A job runs from when somebody is first asked; who is being asked is kept until the answer is known."""
    assert (ASKING.state, ASKING.asked, ASKING.started_at) == (JobState.RUNNING, "a", 1000.0)
    nobody = ASKING.asking(None, 1050.0)
    assert (nobody.state, nobody.asked, nobody.started_at) == (JobState.RUNNING, None, 1000.0)


def test_ordered() -> None:
    """An order that was taken is waited for at its provider, its earlier faults forgotten."""
    job = ASKING.faulted().ordered("b", Ticket("up-2", JobState.QUEUED))
    assert (job.step, job.asked, job.provider, job.upstream_id) == (Step.WAITING, None, "b", "up-2")
    assert job.faults == 0


def test_told() -> None:
    """A provider's progress only grows and says 100 never; its end means that there is something to fetch."""
    job = ORDERED.faulted().told(Ticket("up-1", JobState.RUNNING, progress=40), 1000.0)
    assert (job.step, job.progress, job.faults) == (Step.WAITING, 40, 0)
    assert job.told(Ticket("up-1", JobState.RUNNING, progress=30), 1000.0).progress == 40
    assert job.told(Ticket("up-1", JobState.RUNNING), 1000.0).progress == 40
    done = job.told(Ticket("up-1", JobState.DONE, progress=100), 1000.0)
    assert (done.step, done.progress, done.final) == (Step.FETCHING, 99, False)


def test_again() -> None:
    """A film is ordered anew under another key, with what is known of the first order forgotten but who failed."""
    job = ORDERED.told(Ticket("up-1", JobState.RUNNING, progress=40), 1000.0).faulted().again()
    assert (job.step, job.state, job.asked) == (Step.SUBMITTING, JobState.RUNNING, None)
    assert (job.provider, job.upstream_id, job.progress, job.faults) == ("", "", 40, 0)
    assert (job.failed, ORDERED.key, job.key) == (("a",), "video_1.0", "video_1.1")


def test_done() -> None:
    """A film that is there is the end: who made it, how long it is, and when it goes."""
    job = ORDERED.done(1010.0, FILM, "b", 2.5)
    assert (job.state, job.step, job.progress, job.film) == (JobState.DONE, Step.OVER, 100, FILM)
    assert (job.provider, job.seconds, job.completed_at, job.asked) == ("b", 2.5, 1010.0, None)
    assert job.expiring(60.0).expires_at == 1070.0
    known = msgspec.structs.replace(ORDERED, seconds=4.0)
    assert known.done(1010.0, FILM, "b", None).seconds == 4.0


def test_a_failure_keeps_how_far_it_came() -> None:
    """A failed job tells when, why, and how far it came."""
    job = ASKING.lost(1004.0, MediaError("no", code="no_face"))
    assert (job.state, job.step, job.progress) == (JobState.FAILED, Step.OVER, 50)
    assert (job.completed_at, job.error) == (1004.0, Fault("no_face", "no"))


def test_faults_are_counted() -> None:
    """Each fault of a step counts, and changes nothing else."""
    twice = ORDERED.faulted().faulted()
    assert twice == msgspec.structs.replace(ORDERED, faults=2)


def test_final_states() -> None:
    """Done and failed are the ends; there is no third."""
    assert {state for state in JobState if msgspec.structs.replace(QUEUED, state=state).final} == FINAL


# Progress -----------------------------------------------------------------------------------------


LENGTHS = st.floats(min_value=0.1, max_value=600)


@given(first=SECONDS, more=SECONDS, expected=LENGTHS, typical=st.none() | LENGTHS)
def test_progress_only_grows(first: float, more: float, expected: float, typical: float | None) -> None:
    """Progress never falls and never says done before it is."""
    running = msgspec.structs.replace(ASKING, expected=expected, typical=typical)
    early, late = (running.at(1000.0 + spent).progress for spent in (first, first + more))
    assert 0 <= early <= late <= 99


def test_progress_after_an_age() -> None:
    """However long it takes, what is not done is not shown as done."""
    assert ASKING.at(1e18).progress == 99


def test_progress_without_a_length() -> None:
    """Where nothing is known of a film's length, nothing is made up; nor is time before its turn counted."""
    unknown = msgspec.structs.replace(ASKING, expected=None)
    assert unknown.at(2000.0).progress == 0
    assert QUEUED.at(2000.0).progress == 0
    assert ASKING.at(900.0).progress == 0


def test_progress_by_the_provider() -> None:
    """Where the provider tells how far it is, time does not."""
    assert ORDERED.told(Ticket("up-1", JobState.RUNNING, progress=7), 1000.0).at(2000.0).progress == 7


def test_progress_by_what_is_typical() -> None:
    """Where it is known how long such films take, nine tenths of that time are nine tenths of the film; later it slows."""
    running = msgspec.structs.replace(ASKING, typical=100.0)
    assert [running.at(1000.0 + spent).progress for spent in (0, 50, 100, 200, 900, 1e9)] == [0, 45, 90, 94, 98, 98]


@given(steps=st.lists(st.tuples(st.floats(0, 60), st.integers(0, 100)), max_size=20), typical=st.none() | LENGTHS)
def test_progress_whoever_tells_it(steps: list[tuple[float, int]], typical: float | None) -> None:
    """It never falls, whether or not the provider tells it, begins to, or says less than was shown before."""
    job, now, shown = msgspec.structs.replace(ORDERED, typical=typical), 1000.0, 0
    for wait, said in steps:
        now += wait
        assert job.at(now).progress >= shown
        job = job.told(Ticket("up-1", JobState.RUNNING, progress=said or None), now)
        assert shown <= job.at(now).progress <= 99
        shown = job.at(now).progress
    again = job.again().at(now).progress
    assert shown <= again <= 99


def test_lengths() -> None:
    """Audio that is here has its measured length, a text about what it takes to say; a URL says nothing."""
    text = SpeechRequest(text="<|emotion:awe|>" + "x" * 30)
    voices = (REQUEST.voice, Upload(__file__, 1, "audio/wav", 3.0), text, Url("https://a.example/v.wav"))  # type: ignore[arg-type]
    requests = [AvatarRequest(face=Inline(b"", "image/png"), voice=voice) for voice in voices]
    assert [length(one) for one in requests] == [4.0, 3.0, None, None]
    assert [expectation(one) for one in requests] == [4.0, 3.0, 2.0, None]
