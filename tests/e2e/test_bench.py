"""The benchmark, in small: `make bench` asks all contestants for all there is, for half an hour."""

from pathlib import Path

from benchmarks.gateways.contestants import ROUTER, started
from benchmarks.gateways.cores import Places, pinned
from benchmarks.gateways.load.run import Callers
from benchmarks.gateways.stand import Stand, vendor
from benchmarks.gateways.vendor.answers import BEAT
from benchmarks.gateways.workloads import streamed, whole

SECONDS = 1.0


def test_a_second_of_each(tmp_path: Path) -> None:
    """Our router answers whole speech without a failure, and passes on paced streams piece by piece, at a cost seen."""
    places = Places.here()
    with (
        pinned(places.callers),
        vendor(places, tmp_path) as direct,
        started(ROUTER, direct.port, tmp_path, places.contestant) as router,
        Callers(places.callers) as callers,
    ):
        stand = Stand(places, direct, tmp_path, callers, SECONDS)
        alone, ours = (whole.read(stand, one, 8) for one in (direct, router))
        paced = streamed.paced(stand, router, 4)
    print(f"\n{ours.rate:.0f} of {alone.rate:.0f} answers a second, {ours.cpu_each:.0f} us of CPU each")
    assert not ours.tally.failures
    assert 0 < ours.rate < alone.rate
    assert 0 < ours.cpu_each < 1e6
    assert not paced.tally.failures
    assert len(paced.tally.late) > 0.5 * 4 * SECONDS / BEAT
