import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.web.ranges import Part, Unsatisfiable, part_of, unchanged

TAG = '"abc"'
NUMBER = st.integers(min_value=0, max_value=2000)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=99-99", (99, 100)),
    ],
)
def test_parts(asked: str, part: tuple[int, int]) -> None:
    """A range counts from the start or from the end, and stops where the file does."""
    assert part_of({"range": asked}, 100, TAG) == Part(*part, 100)


@pytest.mark.parametrize(
    "asked", ["", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=٣-", "0-1"]
)
def test_what_is_no_range(asked: str) -> None:
    """Several ranges, another unit or nonsense get the whole file, as RFC 9110 allows."""
    assert part_of({"range": asked} if asked else {}, 100, TAG) is None


@pytest.mark.parametrize(
    ("asked", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=-5", 0)]
)
def test_beyond_the_end(asked: str, size: int) -> None:
    """A range without a byte in it cannot be had."""
    with pytest.raises(Unsatisfiable):
        part_of({"range": asked}, size, TAG)


@pytest.mark.parametrize(("condition", "part"), [(TAG, Part(0, 1, 100)), ('"old"', None), (f"W/{TAG}", None)])
def test_if_range(condition: str, part: Part | None) -> None:
    """A part is sent only of the version that the caller began with."""
    assert part_of({"range": "bytes=0-0", "if-range": condition}, 100, TAG) == part


@pytest.mark.parametrize(
    ("given_tags", "same"),
    [(TAG, True), (f"W/{TAG}", True), (f'"x", {TAG}', True), ("*", True), ('"x"', False), ("", False), ("abc", False)],
)
def test_unchanged(given_tags: str, same: bool) -> None:
    """A caller who has the file need not have it again."""
    assert unchanged({"if-none-match": given_tags}, TAG) is same


@given(st.integers(min_value=1, max_value=1000), NUMBER, NUMBER)
def test_every_range_is_within_the_file(size: int, first: int, last: int) -> None:
    """Whatever is asked for, a part begins and ends within the file and is not empty."""
    for asked in (f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"):
        try:
            part = part_of({"range": asked}, size, TAG)
        except Unsatisfiable:
            continue
        if part is not None:
            assert 0 <= part.start < part.stop <= size
            assert part.length == part.stop - part.start


@given(st.text())
def test_any_text(asked: str) -> None:
    """No header does more than be ignored."""
    try:
        part_of({"range": asked, "if-range": asked}, 100, TAG)
    except Unsatisfiable:
        return
    unchanged({"if-none-match": asked}, TAG)
