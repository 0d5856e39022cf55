"""A reply as it is told: `response.created`, its item, its sound and words as they come, and how it ended."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any, Final

from router.contract import MediaError
from router.voice import Audio, Event, Failed, Interrupted, Replied
from router.voice import Said as Sentence
from router.voice.sentences import joined
from router.web.realtime.items import Item, Said
from router.web.realtime.settings import RATE, Modality, Settings, modalities
from router.web.realtime.telling import Told, faults
from router.web.realtime.vocabulary import Vocabulary

WIDTH: Final = 2
HEARD: Final = 10
SPOKEN: Final = 20
"""Tokens that OpenAI counts for a second of what a user and what an assistant says."""
LETTERS: Final = 4
"""Characters of a token of text, about: none of the providers says how many there were."""


class Response:
    """One reply, whose words and sound become those of `item`. `reason` says why it is cut off, if it is."""

    def __init__(self, name: str, item: Item, settings: Settings, names: Vocabulary) -> None:
        self.id = name
        self.item = item
        self.settings = settings
        self.names = names
        self.metadata: dict[str, str] | None = None
        self.past: Sequence[Item] = ()
        self.before: str | None = None
        self.kept = True
        self.reason = "turn_detected"
        self.status = "in_progress"
        self._error: MediaError | None = None
        self._begun = False

    @property
    def over(self) -> bool:
        """Whether its end was told."""
        return self.status != "in_progress"

    @property
    def unsaid(self) -> Item | None:
        """The item, if it is over and nothing was said of it."""
        return self.item if self.over and not self._begun else None

    @property
    def audible(self) -> bool:
        """Whether it is spoken."""
        return self.settings.modality is Modality.AUDIO

    def created(self) -> Told:
        """Return the event that tells of its beginning."""
        return {"type": "response.created", "response": self.shown()}

    def tell(self, event: Event) -> Iterator[Told]:
        """Yield what an event of its turn comes to."""
        match event:
            case Sentence(text=text):
                yield from self._say(text)
            case Audio(pcm=pcm):
                part = self.item.parts[0]
                part.sentences[-1].seconds += len(pcm) / WIDTH / RATE
                part.seconds += len(pcm) / WIDTH / RATE
                yield self._of(f"response.{self.names.audio}.delta", delta=b64encode(pcm).decode())
            case Replied():
                yield from self._end("completed")
            case Interrupted():
                yield from self._end("cancelled")
            case Failed(error=error):
                self._error = error
                yield from self._end("failed")

    def shown(self) -> Told:
        """Return it as clients get it (`RealtimeResponse`)."""
        output = [self.item.shown(self.names)] if self.over and self._begun else []
        settings = self.settings
        voice = settings.voice or settings.default_voice
        sound = {"type": "audio/pcm", "rate": RATE}
        told: Told = {
            "object": "realtime.response", "id": self.id, "status": self.status, "status_details": self._details(),
            "output": output, "metadata": self.metadata, "usage": self._usage() if self.over else None,
            self.names.modalities: modalities(settings, beta=self.names.beta),
        }  # fmt: skip
        if self.names.beta:
            return told | {"voice": voice, "output_audio_format": "pcm16", "max_output_tokens": settings.most or "inf"}
        return told | {
            "max_output_tokens": settings.most or "inf",
            "audio": {"output": {"format": sound, "voice": voice}},
        }

    def _say(self, text: str) -> Iterator[Told]:
        if not self._begun:
            self._begun = True
            yield from self._begin()
        part = self.item.parts[0]
        before = part.text
        part.sentences.append(Said(text))
        words = self.names.transcript if self.audible else self.names.text
        yield self._of(f"response.{words}.delta", delta=joined([before, text])[len(before) :] if before else text)

    def _begin(self) -> Iterator[Told]:
        empty = {**self.item.shown(self.names), "content": []}
        yield self._within("response.output_item.added", item=empty)
        if self.kept:
            yield {"type": self.names.added, "previous_item_id": self.before, "item": empty}
        yield self._of("response.content_part.added", part=self._part())

    def _end(self, status: str) -> Iterator[Told]:
        self.status = status
        self.item.status = "completed" if status == "completed" else "incomplete"
        if self._begun:
            yield from self._finish()
        yield {"type": "response.done", "response": self.shown()}

    def _finish(self) -> Iterator[Told]:
        text = self.item.text
        if self.audible:
            yield self._of(f"response.{self.names.audio}.done")
            yield self._of(f"response.{self.names.transcript}.done", transcript=text)
        else:
            yield self._of(f"response.{self.names.text}.done", text=text)
        yield self._of("response.content_part.done", part=self._part())
        item = self.item.shown(self.names)
        if self.names.done and self.kept:
            yield {"type": self.names.done, "previous_item_id": self.before, "item": item}
        yield self._within("response.output_item.done", item=item)

    def _part(self) -> Told:
        text = self.item.text
        return {"type": "audio", "transcript": text} if self.audible else {"type": "text", "text": text}

    def _within(self, kind: str, **fields: Any) -> Told:
        return {"type": kind, "response_id": self.id, "output_index": 0, **fields}

    def _of(self, kind: str, **fields: Any) -> Told:
        return self._within(kind, item_id=self.item.id, content_index=0, **fields)

    def _details(self) -> Told | None:
        match self.status:
            case "cancelled":
                return {"type": "cancelled", "reason": self.reason}
            case "failed" if self._error is not None:
                return {"type": "failed", "error": faults(self._error)}
        return None

    def _usage(self) -> Told:
        """Return about how many tokens it took: text by its length, sound as OpenAI counts it."""
        heard = [part for one in self.past for part in one.parts]
        text_in = sum(tokens(part.text) for part in heard if not part.audible)
        sound_in = round(HEARD * sum(part.seconds for part in heard if part.audible))
        text_out, sound_out = tokens(self.item.text), round(SPOKEN * self.item.parts[0].seconds)
        text_in += tokens(self.settings.instructions or self.settings.default_instructions)
        return {
            "total_tokens": text_in + sound_in + text_out + sound_out,
            "input_tokens": text_in + sound_in,
            "output_tokens": text_out + sound_out,
            "input_token_details": {"text_tokens": text_in, "audio_tokens": sound_in, "cached_tokens": 0},
            "output_token_details": {"text_tokens": text_out, "audio_tokens": sound_out},
        }


def tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return -(-len(text) // LETTERS)
