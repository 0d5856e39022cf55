import pytest

from router.contract import AudioFormat, AvatarRequest, Inline, Invalid, SpeechLimits, SpeechRequest
from router.engine.settings import UnknownTokens
from router.engine.wording import with_known_tokens, worded

OBEYS = SpeechLimits(formats=(AudioFormat.PCM,), characters=100, tokens=True)
READS = SpeechLimits(formats=(AudioFormat.PCM,), characters=100)
PACED = SpeechLimits(formats=(AudioFormat.PCM,), characters=100, options=frozenset({"speed"}))
SLOW = "<|prosody:speed_slow|>Hello <|sfx:laughter|> there."


def said(text: str, limits: SpeechLimits, speed: float | None = None) -> tuple[str, float | None]:
    there = worded(SpeechRequest(text=text, speed=speed), limits)
    return there.text, there.speed


@pytest.mark.parametrize(
    ("limits", "speed", "expected"),
    [
        (OBEYS, None, (SLOW, None)),
        (READS, None, ("Hello there.", None)),
        (PACED, None, ("Hello there.", 0.85)),
        (PACED, 2.0, ("Hello there.", 2.0)),
    ],
)
def test_known_tokens(limits: SpeechLimits, speed: float | None, expected: tuple[str, float | None]) -> None:
    """They reach only voices that obey them; a speed token becomes `speed` where that is heeded and not set."""
    assert said(SLOW, limits, speed) == expected


@pytest.mark.parametrize("text", ["a < b | c > d", "<|end|>", "plain"])
def test_text_that_only_looks_like_tokens(text: str) -> None:
    """What is no `<|category:value|>` is the caller's text and stays."""
    assert said(text, READS) == (text, None)


@pytest.mark.parametrize(
    ("rule", "text"),
    [(UnknownTokens.STRIP, "<|emotion:fear|>Run!"), (UnknownTokens.KEEP, "<|emotion:fear|><|emotion:hangry|>Run!")],
)
def test_unknown_tokens(rule: UnknownTokens, text: str) -> None:
    """A route may strip them, leaving the known ones, or keep them."""
    request = with_known_tokens(SpeechRequest(text="<|emotion:fear|><|emotion:hangry|>Run!"), rule)
    assert isinstance(request, SpeechRequest)
    assert request.text == text


@pytest.mark.parametrize("token", ["<|emotion:hangry|>", "<|mood:fear|>"])
def test_unknown_tokens_refused(token: str) -> None:
    """By default the caller is told which token no voice knows, in a text to be animated too."""
    text = SpeechRequest(text=f"{token}Run!")
    for request in (text, AvatarRequest(face=Inline(b"", "image/png"), voice=text)):
        with pytest.raises(Invalid) as caught:
            with_known_tokens(request, UnknownTokens.REFUSE)
        assert caught.value.code == "unknown_control_token"
        assert token in caught.value.message
