"""What clients of the Realtime API's first generation may set: the same, flat and under other names."""

from enum import StrEnum

from msgspec import UNSET, UnsetType, structs

from router.web.realtime.settings import Settings
from router.web.realtime.updates import (
    DetectionWish,
    Kept,
    Metadata,
    Modalities,
    Most,
    Normal,
    Shared,
    Temperature,
    TranscriptionWish,
    detection,
    given,
    modality,
    most,
    shared,
    transcription,
)


class BetaFormat(StrEnum):
    """G.711 is not to be had."""

    PCM16 = "pcm16"


class BetaShared(Shared, frozen=True, kw_only=True):
    """What sessions and responses of the first generation have."""

    modalities: Modalities | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    output_audio_format: BetaFormat | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET


class BetaSession(BetaShared, frozen=True, kw_only=True):
    """`Session` of the first generation's `session.update`."""

    model: str | UnsetType = UNSET
    input_audio_format: BetaFormat | UnsetType = UNSET
    input_audio_noise_reduction: None = None
    input_audio_transcription: TranscriptionWish | UnsetType | None = UNSET
    turn_detection: DetectionWish | UnsetType | None = UNSET
    max_response_output_tokens: Most | UnsetType = UNSET
    speed: Normal | UnsetType = UNSET
    tracing: None = None

    def onto(self, old: Settings) -> Settings:
        """Return the settings with what is wished for. Raises `Invalid`."""
        return structs.replace(
            old,
            **shared(self, old, "session"),
            **given(
                voice=self.voice,
                temperature=self.temperature,
                modality=modality(self.modalities, "session.modalities", both=True),
                most=most(self.max_response_output_tokens, "session.max_response_output_tokens"),
                detection=detection(self.turn_detection, old.detection),
                transcription=transcription(self.input_audio_transcription, old.transcription),
            ),
        )


class BetaResponse(BetaShared, frozen=True, kw_only=True):
    """`Response` of the first generation's `response.create`."""

    max_response_output_tokens: Most | UnsetType = UNSET
    conversation: Kept = Kept.AUTO
    metadata: Metadata = None
    input: None = None

    def onto(self, old: Settings) -> Settings:
        """Return the settings of this response. Raises `Invalid`."""
        return structs.replace(
            old,
            **shared(self, old, "response"),
            **given(
                voice=self.voice,
                temperature=self.temperature,
                modality=modality(self.modalities, "response.modalities", both=True),
                most=most(self.max_response_output_tokens, "response.max_response_output_tokens"),
            ),
        )
