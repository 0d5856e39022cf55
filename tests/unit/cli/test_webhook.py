import base64
import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from router.cli import app
from router.cli.webhook import SECRET, notices_table
from router.jobs.notices import Ended, Receiver, notice, over
from router.jobs.signing import standard_headers, sync_headers
from tests.unit.cli.keeping import Kept, lost, told

OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
BODY = '{"type":"video.completed","data":{"id":"grüß"}}'.encode()


def run(*words: str, secret: str = NEW, stdin: bytes = BODY) -> Result:
    return CliRunner().invoke(app, ["webhook", "verify", *words], input=stdin, env={SECRET: secret})


def flags(headers: dict[str, str]) -> list[str]:
    return [word for name, text in headers.items() for word in ("-H", f"{name}: {text}")]


def standard(*, at: float | None = None) -> list[str]:
    return flags(standard_headers([NEW], "msg_1", BODY, time.time() if at is None else at))


def test_a_valid_webhook_from_stdin_or_a_file(tmp_path: Path) -> None:
    """Exit code 0 and the word; other headers that came along do no harm."""
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    for words in ("-", *standard()), (str(file), "--header", "Content-Type: application/json", *standard()):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (0, "valid\n")


def test_sync_s_signature_is_verified_where_it_is_given() -> None:
    """By its own header, whatever its case."""
    headers = flags(sync_headers([NEW], BODY, time.time()))

    assert run("-", *headers).exit_code == 0
    assert "no signature fits" in run("-", *headers, stdin=b"{}").stderr


def test_a_webhook_that_is_not_valid() -> None:
    """Exit code 1, and why not on stderr."""
    for result, why in (
        (run("-", *standard(), stdin=BODY + b"\n"), "no signature fits"),
        (run("-", *standard(), secret=OLD), "no signature fits"),
        (run("-", *standard(at=1.0)), "too old"),
        (run("-"), "not all there"),
    ):
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("not valid: ")
        assert why in result.stderr


def test_a_webhook_kept_from_earlier() -> None:
    """It is verified as of when it came."""
    assert run("-", "--at", "1000", *standard(at=1000.0)).exit_code == 0


def test_secrets_from_a_file(tmp_path: Path) -> None:
    """Several while they are changed; the file wins over the environment."""
    file = tmp_path / "secrets"
    file.write_text(f"{OLD}\n{NEW}\n")

    assert run("-", "--secret-file", str(file), *standard(), secret=OLD).exit_code == 0


@pytest.mark.parametrize(
    ("words", "secret", "why"),
    [
        (["-"], "", "there is no secret"),
        (["-", *standard()], "whsec_short", "24 to 64 bytes"),
        (["-", "-H", "webhook-id"], NEW, "'name: text'"),
        (["no-such-file", *standard()], NEW, "cannot read no-such-file"),
        (["-", "--secret-file", "no-such-file"], NEW, "cannot read no-such-file"),
    ],
)
def test_what_cannot_be_said(words: list[str], secret: str, why: str) -> None:
    """Exit code 2, so that a script does not take it for a forgery; no secret is repeated."""
    result = run(*words, secret=secret)

    assert result.exit_code == 2
    assert why in result.stderr
    assert not secret or secret not in result.output


def test_help_names_the_subcommand() -> None:
    """`media-router webhook` alone says what there is."""
    result = CliRunner().invoke(app, ["webhook", "--help"])

    assert (result.exit_code, "verify" in result.stdout) == (0, True)


def test_the_table_shows_where_each_notice_stands_and_no_key() -> None:
    """Ended ones by how, the others by when they are due."""
    receiver = Receiver(team="red", job="video_1", url="https://a.test/hook?key=secret")
    waiting = notice(receiver, b"{}", 1_700_000_000.0, lambda: "msg_1")
    gone = over(notice(receiver, b"{}", 0.0, lambda: "msg_2"), Ended.GONE)
    out = io.StringIO()

    Console(file=out, width=120).print(notices_table([waiting, gone]))

    assert "due 2023-11-14 22:13:20Z" in out.getvalue()
    assert "gone" in out.getvalue()
    assert "a.test" in out.getvalue()
    assert "secret" not in out.getvalue()


def test_webhooks_are_listed_and_sent_anew(tmp_path: Path) -> None:
    """Of a team or a job; one that its receiver had refused for good is due again, with all its tries."""
    kept = Kept(tmp_path)
    kept.add(lost("video_1"), over(told("msg_1", "video_1"), Ended.GONE))
    kept.add(lost("video_2"), told("msg_2", "video_2"))
    listed = kept.run("webhook", "list", "--job", "video_1", "--team", "ads")
    assert listed.exit_code == 0
    assert ("msg_1" in listed.stdout, "gone" in listed.stdout, "msg_2" in listed.stdout) == (True, True, False)
    sent = kept.run("webhook", "redeliver", "msg_1")
    assert (sent.exit_code, "to a.test" in sent.stdout, "hush" in sent.output) == (0, True, False)
    assert {row.id: (row.ended, row.run_at is None) for row in kept.notices()} == {
        "msg_1": ("", False), "msg_2": ("", False),
    }  # fmt: skip


def test_a_webhook_that_is_not_there(tmp_path: Path) -> None:
    """Exit code 1 and one line."""
    result = Kept(tmp_path).run("webhook", "redeliver", "msg_9")
    assert (result.exit_code, result.stderr) == (1, "there is no webhook msg_9\n")
