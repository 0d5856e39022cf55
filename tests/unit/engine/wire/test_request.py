import pytest

from router.engine.wire.request import written

URL = "http://vendor.example/v1/speech"
KEY = {"authorization": "Bearer one", "x-tone": "calm"}


def test_alike_but_for_the_body() -> None:
    """Requests that differ by their bodies alone share all of a head but the length, and each gives its own."""
    heads = [written("POST", URL, KEY, body).begun.partition(b"\r\n\r\n") for body in (b"a", b"twelve bytes", b"")]
    assert [body for _, _, body in heads] == [b"a", b"twelve bytes", b""]
    shared, lengths = zip(*(head.rsplit(b"\r\n", 1) for head, _, _ in heads), strict=True)
    assert len(set(shared)) == 1
    assert lengths == (b"content-length: 1", b"content-length: 12", b"content-length: 0")


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("PUT", URL, KEY),
        ("POST", URL + "?late", KEY),
        ("POST", URL, {**KEY, "authorization": "Bearer two"}),
        ("POST", URL, {**KEY, "x-more": "x"}),
        ("POST", URL, {}),
    ],
)
def test_unlike(method: str, url: str, headers: dict[str, str]) -> None:
    """A request that differs by anything else, such as whose credential it carries, has a head of its own."""
    usual = written("POST", URL, KEY, b"").begun
    other = written(method, url, headers, b"").begun
    assert other != usual
    assert other.startswith(f"{method} {url.removeprefix('http://vendor.example')} HTTP/1.1\r\n".encode())
    assert all(f"{name}: {text}\r\n".encode() in other for name, text in headers.items())
    assert (b"Bearer one" in other) == (headers.get("authorization") == "Bearer one")


@pytest.mark.parametrize("announced", [{}, {"content-length": "7"}, {"Content-Length": "7"}])
def test_the_length_of_what_is_in_hand(announced: dict[str, str]) -> None:
    """What is in memory has the length it has, whatever its headers say."""
    begun = written("POST", URL, announced, b"four").begun
    assert begun.lower().count(b"content-length") == 1
    assert begun.endswith(b"\r\ncontent-length: 4\r\n\r\nfour")
