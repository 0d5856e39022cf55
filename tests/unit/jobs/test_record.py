import msgspec
from hypothesis import given
from hypothesis import strategies as st

from router.contract import AvatarRequest, Inline, JobState, MediaError, SpeechRequest, Upload, Url
from router.jobs import FINAL, Job
from router.jobs.record import expectation, length
from tests.unit.jobs.making import REQUEST

QUEUED = Job(id="video_1", team="ads", model="m", created_at=1000.0, expected=4.0)
SECONDS = st.floats(min_value=0, max_value=1e6)


@given(first=SECONDS, more=SECONDS, expected=st.floats(min_value=0.1, max_value=600))
def test_progress_only_grows(first: float, more: float, expected: float) -> None:
    """Progress never falls and never says done before it is."""
    running = msgspec.structs.replace(QUEUED, expected=expected).begun(1000.0)
    early, late = (running.at(1000.0 + spent).progress for spent in (first, first + more))
    assert 0 <= early <= late <= 99


def test_progress_after_an_age() -> None:
    """However long it takes, what is not done is not shown as done."""
    assert QUEUED.begun(0.0).at(1e18).progress == 99


def test_progress_without_a_length() -> None:
    """Where nothing is known of a film's length, nothing is made up; nor is time before its turn counted."""
    unknown = msgspec.structs.replace(QUEUED, expected=None)
    assert unknown.begun(1000.0).at(2000.0).progress == 0
    assert QUEUED.at(2000.0).progress == 0
    assert QUEUED.begun(1000.0).at(900.0).progress == 0


def test_a_failure_keeps_how_far_it_came() -> None:
    """A failed job tells when, why, and how far it came."""
    failed = QUEUED.begun(1000.0).failed(1004.0, MediaError("no", code="no_face"))
    assert (failed.state, failed.progress, failed.completed_at) == (JobState.FAILED, 50, 1004.0)
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("no_face", "no")


def test_final_states() -> None:
    """Done and failed are the ends; there is no third."""
    assert {state for state in JobState if msgspec.structs.replace(QUEUED, state=state).final} == FINAL


def test_lengths() -> None:
    """Audio that is here has its measured length, a text about what it takes to say; a URL says nothing."""
    text = SpeechRequest(text="<|emotion:awe|>" + "x" * 30)
    voices = (REQUEST.voice, Upload(__file__, 1, "audio/wav", 3.0), text, Url("https://a.example/v.wav"))  # type: ignore[arg-type]
    requests = [AvatarRequest(face=Inline(b"", "image/png"), voice=voice) for voice in voices]
    assert [length(one) for one in requests] == [4.0, 3.0, None, None]
    assert [expectation(one) for one in requests] == [4.0, 3.0, 2.0, None]
