import json
from pathlib import Path

from typer.testing import CliRunner

from router.cli import app
from router.cli.offers import listed, table
from router.contract import (
    AnyOffer,
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    Clip,
    Offer,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Task,
    Voice,
)

NO_KEY = "providers: {local: {kind: embedded, workers: 1}}\nroutes: [{name: r, task: %s, tiers: [local]}]\n"


async def speak(request: SpeechRequest) -> Speech:
    raise NotImplementedError(request)


async def animate(request: AvatarRequest) -> Clip:
    raise NotImplementedError(request)


LIMITS = SpeechLimits(
    formats=(AudioFormat.PCM, AudioFormat.MP3),
    characters=5000,
    voices=(Voice(id="eleanor", name="Eleanor"),),
    languages=frozenset({"fr", "en"}),
)
OFFERS: dict[tuple[str, Task], AnyOffer] = {
    ("a", Task.SPEECH): Offer(SpeechRequest, speak, LIMITS, ("tts-1",)),
    ("a", Task.AVATAR): Offer(AvatarRequest, animate, AvatarLimits(live=True)),
}


def test_the_table_has_a_row_for_each_offer() -> None:
    """Formats keep their order of preference, languages are sorted, limits that do not apply are left out."""
    columns = [[str(cell) for cell in column.cells] for column in table(OFFERS).columns]

    assert [column[0] for column in columns][:6] == ["a", "speech", "tts-1", "pcm, mp3", "1", "en, fr"]
    assert [column[1] for column in columns][:6] == ["a", "avatar", "", "", "", ""]
    assert columns[6][0] == "characters 5000, speed 0.25 4.0, size 10485760"
    assert columns[6][1].startswith("sizes 640x640 640x480 480x640, faces image/jpeg image/png image/webp")
    assert columns[6][1].endswith("live")


def test_as_json_nothing_is_left_out() -> None:
    """Every limit and every voice is there for a program to read."""
    speech, _ = json.loads(json.dumps(listed(OFFERS)))

    assert (speech["provider"], speech["task"], speech["models"]) == ("a", "speech", ["tts-1"])
    assert speech["limits"]["voices"] == [{"id": "eleanor", "name": "Eleanor", "languages": [], "gender": None}]


def test_the_providers_are_asked_themselves(tmp_path: Path) -> None:
    """The embedded provider starts, lists its voices and stops."""
    path = tmp_path / "router.yaml"
    path.write_text(NO_KEY % "speech")
    result = CliRunner().invoke(app, ["offers", "--json", "-c", str(path)])

    assert result.exit_code == 0
    offers = {offer["task"]: offer for offer in json.loads(result.stdout)}
    assert offers.keys() == {"speech", "transcription", "avatar", "chat"}
    assert "en-us" in {voice["id"] for voice in offers["speech"]["limits"]["voices"]}


def test_routes_that_ask_for_more_are_told(tmp_path: Path) -> None:
    """After the table: exit code 2 and the place of every target that cannot be honoured."""
    path = tmp_path / "router.yaml"
    path.write_text((NO_KEY % "chat").replace("[local]", "[{targets: [{provider: local, model: oracle}]}]"))
    result = CliRunner().invoke(app, ["offers", "-c", str(path)])

    assert result.exit_code == 2
    assert result.stderr == (
        f"{path}:2:76: routes[0].tiers[0].targets[0].model: provider 'local' has no model 'oracle' for chat; "
        "allowed: echo\n"
    )


def test_a_provider_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    """What the provider says is wrong, without a traceback."""
    path = tmp_path / "router.yaml"
    path.write_text((NO_KEY % "speech").replace("workers: 1", "voice: no-such-voice"))
    result = CliRunner().invoke(app, ["offers", "-c", str(path)])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no-such-voice" in result.stderr
    assert result.stderr.count("\n") == 1
