import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import retry_after
from router.contract.retry_after import LONGEST

NOW = 1_445_412_480.0
"""Wed, 21 Oct 2015 07:28:00 GMT."""
SENT = "Wed, 21 Oct 2015 07:28:00 GMT"
HALF_A_MINUTE_LATER = "Wed, 21 Oct 2015 07:28:30 GMT"

TOLD = {
    "seconds": ({"retry-after": "7"}, 7.0),
    "decimals": ({"retry-after": "0.25"}, 0.25),
    "blanks around": ({"retry-after": " 7 "}, 7.0),
    "any case": ({"Retry-After": "7"}, 7.0),
    "milliseconds": ({"retry-after-ms": "1500"}, 1.5),
    "milliseconds win over seconds": ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    "broken milliseconds give way": ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
    "date, by our clock": ({"retry-after": HALF_A_MINUTE_LATER}, 30.0),
    "date, relative to the answer's": (
        {"retry-after": "Fri, 01 Jan 2038 00:00:09 GMT", "date": "Fri, 01 Jan 2038 00:00:00 GMT"},
        9.0,
    ),
    "date with a broken Date": ({"retry-after": HALF_A_MINUTE_LATER, "date": "yesterday"}, 30.0),
    "RFC 850 date": ({"retry-after": "Wednesday, 21-Oct-15 07:28:30 GMT", "date": SENT}, 30.0),
    "asctime date": ({"retry-after": "Wed Oct 21 07:28:30 2015", "date": SENT}, 30.0),
    "date in another zone": ({"retry-after": "Wed, 21 Oct 2015 09:28:30 +0200", "date": SENT}, 30.0),
    "past date": ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT", "date": SENT}, None),
    "impossible date": ({"retry-after": "Wed, 99 Oct 2015 07:28:30 GMT"}, None),
    "zero": ({"retry-after": "0"}, None),
    "negative": ({"retry-after": "-5"}, None),
    "exponent": ({"retry-after": "1e3"}, None),
    "superscript digits": ({"retry-after": b"\xb2".decode("latin-1")}, None),
    "words": ({"retry-after": "in a while"}, None),
    "empty": ({"retry-after": ""}, None),
    "more than an hour": ({"retry-after": "86400"}, LONGEST),
    "a date far away": ({"retry-after": "Thu, 22 Oct 2015 07:28:00 GMT", "date": SENT}, LONGEST),
    "RateLimit used up": ({"ratelimit": '"default";r=0;t=12'}, 12.0),
    "RateLimit used up, old draft": ({"ratelimit": "limit=100, remaining=0, reset=12"}, 12.0),
    "RateLimit with some left": ({"ratelimit": '"default";r=3;t=12'}, None),
    "RateLimit of endless digits": ({"ratelimit": f"r={'9' * 5000};t=12"}, None),
    "RateLimit-Reset": ({"ratelimit-reset": "12"}, 12.0),
    "RateLimit-Reset used up": ({"ratelimit-reset": "12", "ratelimit-remaining": "0"}, 12.0),
    "RateLimit-Reset with some left": ({"ratelimit-reset": "12", "ratelimit-remaining": "59"}, None),
    "Retry-After wins over RateLimit": ({"retry-after": "2", "ratelimit-reset": "12"}, 2.0),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), TOLD.values(), ids=TOLD)
def test_spellings(headers: dict[str, str], seconds: float | None) -> None:
    """Every spelling seen in the wild is read, and nonsense is no hint."""
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    assert retry_after(httpx.Headers(raw), NOW) == seconds


NAMES = st.sampled_from(
    ["retry-after", "retry-after-ms", "date", "ratelimit", "ratelimit-reset", "ratelimit-remaining"]
)
NEARLY = st.one_of(
    st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    st.text(st.sampled_from("0123456789.-+eE :,;=rtresetremaining"), max_size=30),
    st.floats().map(str),
    st.integers().map(str),
    st.builds("{}, {:02} {} {} {}:{:02}:{:02} {}".format,
              st.sampled_from(["Wed", "Sun", "x"]), st.integers(0, 40), st.sampled_from(["Oct", "Feb", "Foo"]),
              st.integers(0, 99999), st.integers(0, 30), st.integers(0, 70), st.integers(0, 70),
              st.sampled_from(["GMT", "+0200", "-9999", "+99999999", "EST", ""])),
)  # fmt: skip


@given(st.dictionaries(NAMES, NEARLY), st.floats(0, 4e9))
def test_whatever_comes(headers: dict[str, str], now: float) -> None:
    """No header text raises; a wait is more than nothing and never more than an hour."""
    wait = retry_after(headers, now)
    assert wait is None or 0 < wait <= LONGEST


def test_who_can_wait_longer_says_so() -> None:
    """An hour is the most unless more is allowed."""
    headers = httpx.Headers({"retry-after": "90000"})

    assert retry_after(headers, NOW) == LONGEST
    assert retry_after(headers, NOW, longest=86400.0) == 86400.0
