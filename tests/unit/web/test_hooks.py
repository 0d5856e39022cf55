import pytest

from router.jobs.signing import sync_headers
from router.web.hooks import LARGEST
from tests.unit.web.making import StubEngine, client_of

NOW = 1_700_000_000.0
"""What the site's clock says."""
SECRET = "whsec_c2VjcmV0"
BODY = b'{"id":"gen_1","status":"COMPLETED"}'


@pytest.mark.parametrize(
    ("path", "signed", "sent", "status"),
    [
        ("lips", BODY, BODY, 204),
        ("lips", BODY, BODY.replace(b"1", b"2"), 401),
        ("lips", b"[]", b"[]", 400),
        ("other", BODY, BODY, 404),
        ("lips", BODY, bytes(LARGEST + 1), 413),
    ],
    ids=["signed", "forged", "no generation", "unknown provider", "too large"],
)
def test_who_is_heard(path: str, signed: bytes, sent: bytes, status: int) -> None:
    """Without any key, but only with the account's own signature; a job that is not ours is passed over."""
    with client_of(StubEngine(), signers={"lips": SECRET}) as client:
        del client.headers["authorization"]
        headers = sync_headers([SECRET], signed, NOW)
        answer = client.post(f"/v1/hooks/{path}", content=sent, headers=headers)
        schema = client.get("/schema/openapi.json").json()["paths"]
    assert answer.status_code == status, answer.text
    assert not [one for one in schema if "hooks" in one]


def test_unsigned() -> None:
    """Whoever does not sign learns that, and nothing of the jobs."""
    with client_of(StubEngine(), signers={"lips": SECRET}) as client:
        answer = client.post("/v1/hooks/lips", content=BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_signature")
