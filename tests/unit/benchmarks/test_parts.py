import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gateways.bench import asked, chosen, rotated
from benchmarks.gateways.chunked import Chunked
from benchmarks.gateways.contestants import CONTESTANTS
from benchmarks.gateways.cores import Cores, Places, TooFew
from benchmarks.gateways.figures import US
from benchmarks.gateways.load.job import Job, Tally
from benchmarks.gateways.load.run import shares
from benchmarks.gateways.marks import SIZE, Marks, mark
from benchmarks.gateways.noise import Moment, spread
from benchmarks.gateways.reading import Reading, percentile
from benchmarks.gateways.stages import ELSE, stages
from benchmarks.gateways.tree import TICK, Usage, cpu, tree, usage
from benchmarks.gateways.vendor.answers import Answers, Paced, Poured, Whole, framed
from benchmarks.gateways.workloads import whole
from benchmarks.gateways.workloads.start import worker
from benchmarks.gateways.workloads.streamed import NEARBY, search


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([3.0, 1.0, 2.0], 1.0, 3.0),
        ([*map(float, range(1, 101))], 0.99, 99.0),
        ([7.0], 0.01, 7.0),
        ([], 0.5, float("inf")),
    ],
)
def test_percentiles(values: list[float], share: float, found: float) -> None:
    """By nearest rank: a value that occurred, whatever their order; of nothing it is infinite."""
    assert percentile(values, share) == found


def test_one_failure_spoils_a_reading() -> None:
    """A contestant that lost a request has no cost, no rate and no time to be proud of."""
    good = Tally(first=[0.001], whole=[0.002], size=4_000_000)
    reading = Reading(good, 2.0, 0.5, 0)
    assert (reading.rate, reading.cpu_each, reading.megabytes, reading.whole(0.5)) == (0.5, 500_000, 2.0, 2.0)
    spoilt = Reading(Tally.sum([good, Tally(failures={"lost": 1})]), 2.0, 0.5, 0)
    assert (spoilt.rate, spoilt.cpu_each, spoilt.megabytes) == (0, float("inf"), 0)
    assert spoilt.whole(0.5) == float("inf")


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 20))
def test_chunked_bodies(chunks: list[bytes], cut: int) -> None:
    """However a chunked body is cut in transit, its content comes out whole, and its end is known at its last byte."""
    wire = b"".join(framed(one) for one in chunks) + b"0\r\n\r\n"
    body, found = Chunked(), b""
    for at in range(0, len(wire), cut):
        assert not body.ended
        part = wire[at : at + cut]
        found += b"".join(part[one] for one in body.feed(part))
    assert (found, body.ended) == (b"".join(chunks), True)


@given(st.lists(st.integers(0, 10**9), max_size=6), st.integers(1, 100))
def test_marks(moments: list[int], cut: int) -> None:
    """However a stream is cut, each mark in it is found once, with the moment its piece was due."""
    wire = b"".join(bytes(40 - SIZE) + mark(one / 1000) for one in moments)
    marks = Marks()
    found = [due for at in range(0, len(wire), cut) for due in marks.feed(wire[at : at + cut])]
    assert found == pytest.approx([one / 1000 for one in moments])


@pytest.mark.parametrize("most", [0, 1, 7, 99, 100, 101, 399, 400, 1000, 3000])
def test_the_search_for_the_most(most: int) -> None:
    """It finds the largest number of streams carried within a twentieth, in a dozen tries."""
    tried: list[int] = []

    def carries(count: int) -> bool:
        tried.append(count)
        return count <= most

    assert most / 1.06 <= search(carries, 100) <= most
    assert len(tried) <= 12
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize("most", [0, 1, 90, 96, 100, 104, 110, 150, 1000])
def test_the_search_where_something_is_known(most: int) -> None:
    """Begun at what a round before found, it comes to the same, in five tries if little has changed."""
    tried: list[int] = []

    def carries(count: int) -> bool:
        tried.append(count)
        return count <= most

    assert most / 1.06 <= search(carries, 100, NEARBY) <= most
    assert len(tried) <= (5 if 90 <= most <= 110 else 13)


def test_who_runs_where() -> None:
    """The contestant's core is its own; with two cores vendor and callers share the other, with one nothing goes."""
    four, two = Places.among([4, 5, 6, 7]), Places.among([0, 1])
    assert (four.contestant, four.vendor, four.callers) == (Cores({4}), Cores({5}), Cores({6, 7}))
    assert (two.contestant, two.vendor, two.callers) == (Cores({0}), Cores({1}), Cores({1}))
    with pytest.raises(TooFew):
        Places.among([0])


def test_usage_as_proc_tells_it() -> None:
    """CPU time has that of children that are gone, and brackets in a name confuse nobody."""
    fields = ["S", "7", *["0"] * 9, "100", "50", "20", "5", *["0"] * 6, "3"]
    told = usage(42, f"42 (odd) name) {' '.join(fields)}")
    assert (told.pid, told.parent, told.resident) == (42, 7, 3 * os.sysconf("SC_PAGE_SIZE"))
    assert told.cpu == pytest.approx(175 * TICK)


def test_this_process() -> None:
    """A running process is found at the head of its own tree, with the CPU it used."""
    assert tree(os.getpid())[0].pid == os.getpid()
    assert cpu(os.getpid()) > 0


def test_which_process_serves() -> None:
    """The first child of a master is the worker, and what that one started is not; alone, the master is."""
    master, serving, media = Usage(1, 0, 0, 0), Usage(2, 1, 0, 0), Usage(3, 2, 0, 0)
    assert worker([master, serving, media]) == serving
    assert worker([master]) == master


def test_noise() -> None:
    """Shares are of the CPU time that passed, and ours is not counted as others'."""
    before = Moment.of([100, 0, 0, 100, 0, 0, 0, 0], ours=1.0)
    after = Moment.of([400, 0, 0, 590, 0, 0, 0, 10], ours=1.0 + 200 * TICK)
    assert after.stolen_since(before) == pytest.approx(0.0125)
    assert after.others_since(before) == pytest.approx(0.125)
    assert spread([(100, 110), (100, 95)]) == pytest.approx(0.1)
    assert spread([]) == 0


def test_stages() -> None:
    """A sample of the thread that serves counts for the innermost frame that has a stage."""
    loop = "<module> (router/__main__.py:1);run (uvicorn/server.py:1)"
    served = f"{loop};handle (litestar/app.py:2);count (router/telemetry/metrics.py:3)"
    told = stages([f"{served};observe (threading.py:4) 3", f"{loop} 2", f"{loop};feed (router/server/http.py:1) 4"])
    assert told == {"logs and metrics: router.telemetry": 3, "server, and the event loop it runs": 6}
    assert ELSE not in told


def test_threads_that_wait() -> None:
    """Other threads, of a pool or with no Python in them, count for nothing: they hardly ever work, wherever they are seen."""
    pool = (
        "Thread._bootstrap (threading.py:995);Thread.run (threading.py:975);_worker (concurrent/futures/thread.py:81)"
    )
    assert not stages([f"{pool} 900", f"{pool};run (plugins/x.py:1) 9", " 600"])


def test_shares_of_the_callers() -> None:
    """Connections are divided as evenly as can be, and a core with none gets no process."""
    job = Job(host="h", port=1, request="f", connections=5, start=0, spread=0, begin=0, end=0)
    assert [one.connections for one in shares(job, 2)] == [3, 2]
    assert [one.connections for one in shares(job, 9)] == [1] * 5


def test_the_order_rotates() -> None:
    """In each of four rounds another contestant is first, and nobody is left out."""
    orders = [rotated(CONTESTANTS, number) for number in range(4)]
    assert len({order[0].name for order in orders}) == len(CONTESTANTS)
    assert all({one.name for one in order} == {one.name for one in CONTESTANTS} for order in orders)


def test_who_is_asked_for_what() -> None:
    """What is compared follows one another: each part goes to all before the next to any."""
    turns = list(asked(CONTESTANTS, chosen(["whole-speech"]), ()))
    everybody = ("direct", *(one.name for one in CONTESTANTS))
    assert turns[:-2] == [(part, name) for part in whole.PARTS for name in everybody]


def test_who_is_not_asked() -> None:
    """Nobody is asked for what it lacks or only we do, nor twice for a start that lasts."""
    names = {
        name: {who for _, who in asked(CONTESTANTS, chosen([name]), {"LiteLLM"})} for name in ("start", "film", "scale")
    }
    assert names == {
        "start": {"nginx", US, "Portkey"},
        "film": {"direct", "nginx", US, "Portkey"},
        "scale": {US},
    }


def test_what_is_measured_again() -> None:
    """We and nginx end the round with what it began with; where it did not begin with it, nobody does."""
    *_, one, other = asked(CONTESTANTS, chosen(["bulk", "whole-speech"]), ())
    assert [one, other] == [(whole.again, "nginx"), (whole.again, US)]
    assert whole.again not in {part for part, _ in asked(CONTESTANTS, chosen(["bulk"]), ())}


def test_unknown_workloads() -> None:
    """A workload that there is not is refused with the names of those there are."""
    with pytest.raises(ValueError, match=r"no workload is called fast: .*whole-speech"):
        chosen(["fast"])


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("whole", lambda one: isinstance(one, Whole) and one.content.endswith(bytes(9)) and len(one.content) > 48_000),
        ("whole-96000", lambda one: isinstance(one, Whole) and len(one.content) > 96_000),
        ("bulk", lambda one: isinstance(one, Poured) and one.times * 65_536 >= 5_000_000),
        ("paced-500", lambda one: isinstance(one, Paced) and one.pieces == 25 and one.beat == 0.02),
    ],
)
def test_the_vendor_answers_to_the_model(model: str, fits: Callable[[object], bool]) -> None:
    """The model that is asked for decides what comes back."""
    assert fits(Answers().pick(b"/v1/audio/speech", b'{"model": "%s"}' % model.encode()))


def test_the_vendor_refuses() -> None:
    """What nobody offers is no answer."""
    with pytest.raises(KeyError):
        Answers().pick(b"/v1/other", b"{}")
