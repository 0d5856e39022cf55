import pytest
from litestar import Litestar
from litestar.testing import TestClient

PAGE = {"origin": "https://elsewhere.example"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/models"), ("GET", "/healthz"), ("POST", "/v1/audio/speech"), ("OPTIONS", "/v1/audio/speech")],
)
def test_no_other_page_may_read_an_answer(client: TestClient[Litestar], method: str, path: str) -> None:
    """No answer, to a preflight either, tells a browser to let a page from elsewhere have it."""
    asked = PAGE | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    answer = client.request(method, path, headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
