"""The account: its offers, and what it is asked for each task."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from plugins.openai.chatting import Conversation
from plugins.openai.hearing import recording, whole_text
from plugins.openai.refusals import OURS, Fault, fault_in
from plugins.openai.settings import OpenAISettings, TranscriptionTask
from plugins.openai.speaking import asked, rate_of, speech_limits
from router.contract import (
    OCTETS,
    Answer,
    AnyOffer,
    BadOutput,
    ChatLimits,
    ChatRequest,
    Declined,
    EventStream,
    Headers,
    HttpProvider,
    Misconfigured,
    Offer,
    ProviderFailed,
    Reply,
    Speech,
    SpeechRequest,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
    is_audio,
    transcript,
)
from router.contract.http import WHOLE_BODY, read

EVENTS: Final = "text/event-stream"


class OpenAI(HttpProvider[OpenAISettings]):
    """Speech, transcription and chat, as far as the account's settings describe them."""

    kind = "openai"
    free = "/models"
    settings_type = OpenAISettings

    def offers(self) -> Sequence[AnyOffer]:
        """Return an offer for each task that has models."""
        can = self.settings
        made: list[AnyOffer] = []
        if can.speech.models:
            made.append(Offer(SpeechRequest, self.speak, speech_limits(can.speech), can.speech.models))
        if can.transcription.models:
            hearing = transcription_limits(can.transcription)
            made.append(Offer(TranscriptionRequest, self.transcribe, hearing, can.transcription.models))
        if can.chat.models:
            talk = ChatLimits(characters=can.chat.characters, options=frozenset({"max_tokens", "temperature"}))
            made.append(Offer(ChatRequest, self.reply, talk, can.chat.models))
        return made

    def headers(self) -> Mapping[str, str]:
        """Return the credential, if the server wants one."""
        return {"authorization": f"Bearer {self.settings.api_key}"} if self.settings.api_key else {}

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak in the format asked for; the audio comes in chunks as it is spoken."""
        can = self.settings.speech
        answer = await self.stream("POST", "/audio/speech", json=asked(request, can), headers=patience(request.within))
        if not is_audio(answer.content_type or OCTETS, request.format):
            raise await self._something_else(answer)
        return Speech(request.format, answer.body, rate_of(answer.headers) or can.sample_rate)

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        """Write down a recording, which is read from disk as it is sent; events may come back unasked or not at all."""
        grains = [grain for grain, wanted in (("word", request.words), ("segment", request.segments)) if wanted]
        can = self.settings.transcription
        fields = {
            "model": request.model or can.models[0],
            "language": request.language,
            "prompt": request.prompt,
            "temperature": request.temperature,
            "response_format": "verbose_json" if grains else "json",
            "timestamp_granularities[]": grains or None,
            "stream": "true" if can.stream and not grains else None,
        }
        with ExitStack() as opened:
            files = {"file": recording(request.audio, opened)}
            answer = await self.stream(
                "POST", "/audio/transcriptions", data=present(fields), files=files, headers=patience(request.within)
            )
        try:
            streamed = answer.content_type == EVENTS
            return transcript(await (whole_text(answer.body) if streamed else read(answer.body, WHOLE_BODY)), request)
        finally:
            await answer.body.aclose()

    async def reply(self, request: ChatRequest) -> Reply:
        """Reply as the words come. Reasoning is never part of it."""
        can = self.settings.chat
        fields = {
            "model": request.model or can.models[0],
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "thinking": can.thinking and {"type": can.thinking},
        }
        answer = await self.stream("POST", "/chat/completions", json=present(fields))
        if answer.content_type != EVENTS:
            raise await self._something_else(answer)
        return Reply(EventStream(answer.body, Conversation().said))

    async def _something_else(self, answer: Answer) -> BadOutput:
        await answer.body.aclose()
        return BadOutput(f"{self.name} answered with something else", upstream_status=answer.status)

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        """Classify by the code, then by status; a 404 is a model, a voice or a route that the server has not."""
        plain = super().refusal(status, headers, body)
        fault = fault_in(body) or Fault()
        ours = status == 404 or (isinstance(plain, Declined) and fault.param in OURS)
        kind = fault.meaning or (Misconfigured if ours else type(plain))
        message = f"{plain.message} {fault.name}".rstrip()
        return kind(message, upstream_status=status, retry_after=plain.retry_after)


def transcription_limits(can: TranscriptionTask) -> TranscriptionLimits:
    """Return what it can be asked to write down."""
    return TranscriptionLimits(
        size=can.size,
        words=can.words,
        segments=can.segments,
        options=frozenset({"prompt", "temperature"}),
        timed=True,
    )


def patience(seconds: float | None) -> dict[str, str]:
    """Return the header that tells a router like ours how long it has; servers that do not know it pass over it."""
    return {} if seconds is None else {"x-request-timeout": f"{seconds:.3f}"}


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set."""
    return {name: value for name, value in fields.items() if value is not None}
