"""What a request costs, as a count that no noise disturbs: `make bytecodes` shows where it goes."""

import sys

import pytest

from benchmarks.gateways.bytecodes import count

PYTHON = (3, 11)
"""Each minor version of CPython has bytecodes of its own."""
MOST = 7250


@pytest.mark.skipif(sys.version_info[:2] != PYTHON, reason="the bound is in bytecodes of CPython 3.11")
def test_whole_speech() -> None:
    """A whole speech takes no more of Python than it did when this was last looked at: whoever adds to it does so knowingly."""
    found = count()
    told = "\n".join(f"{one.bytecodes:6.0f} {one.file}:{one.line} {one.name}" for one in found[:20])
    assert 0.5 * MOST < sum(one.bytecodes for one in found) < MOST, told
