"""Targets of requests, taken apart."""

import pytest

from router.server.target import NoTarget, taken_apart


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (b"/", ("/", b"/", b"")),
        (b"/a%20b?c=%20&d", ("/a b", b"/a%20b", b"c=%20&d")),
        (b"/%C3%A4", ("/ä", b"/%C3%A4", b"")),
        (b"//a?", ("//a", b"//a", b"")),
        (b"/a?b?c", ("/a", b"/a", b"b?c")),
        (b"*", ("*", b"*", b"")),
        (b"http://there", ("/", b"/", b"")),
        (b"https://there:8000/a?b", ("/a", b"/a", b"b")),
    ],
)
def test_parts(target: bytes, parts: tuple[str, bytes, bytes]) -> None:
    """The path comes unquoted and as it was, the query as it was; of a whole URL no more counts."""
    assert taken_apart(target) == parts


@pytest.mark.parametrize("target", [b"", b"a", b"here:80", b"/%ff", b"http://there/%ff"])
def test_nowhere(target: bytes) -> None:
    """What is neither a path nor a URL, and a path that is not UTF-8, leads nowhere."""
    with pytest.raises(NoTarget):
        taken_apart(target)
