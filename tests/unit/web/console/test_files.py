import re
from importlib.resources import files

import pytest

from router.web.console.files import PAGES, POLICY
from tests.unit.web.making import StubEngine, client_of

LONGEST = 200
SCRIPTS = {name: page.body.decode() for name, page in PAGES.items() if name.endswith(".js")}


def test_pages_need_no_key() -> None:
    """Nothing is in them, and keys are entered there; a browser that has one is not sent it again."""
    with client_of(StubEngine()) as client:
        del client.headers["authorization"]
        answer = client.get("/console")
        again = client.get("/console", headers={"if-none-match": answer.headers["etag"]})
    assert (answer.status_code, answer.headers["content-security-policy"]) == (200, POLICY)
    assert (again.status_code, again.content) == (304, b"")


def test_a_slash_too_many() -> None:
    """It is taken away, since the page asks for its parts beside its own address."""
    with client_of(StubEngine()) as client:
        answer = client.get("/console/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "../console")


@pytest.mark.parametrize("name", ["nothing.js", "..%2ffiles.py", "%2e%2e", "files.py"])
def test_nothing_but_the_pages(name: str) -> None:
    """No other file can be asked for, however it is spelt."""
    with client_of(StubEngine()) as client:
        assert client.get(f"/console/{name}").status_code in {404, 405}


def test_no_script_or_style_in_the_page() -> None:
    """The policy would not run them; nor is anything asked of another host."""
    page = PAGES["index.html"].body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not [name for name, one in PAGES.items() if re.search(rb"https?://(?!www\.w3\.org/)", one.body)]


def test_modules_are_short() -> None:
    """No script is longer than 200 lines, and each says what it is in its first line."""
    assert SCRIPTS
    assert not {name for name, text in SCRIPTS.items() if len(text.splitlines()) > LONGEST}
    assert not {name for name, text in SCRIPTS.items() if not text.startswith("// ")}


def test_every_import_is_there() -> None:
    """Scripts import only one another."""
    wanted = {name for text in SCRIPTS.values() for name in re.findall(r"from \"\./([^\"]+)\"", text)}
    assert wanted <= set(PAGES)
    assert {one.name for one in files("router.web.console").joinpath("static").iterdir()} == set(PAGES)
