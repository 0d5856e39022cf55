"""The texts of films: which a provider speaks itself, and which a speech route has to speak for it, if there is one."""

from collections.abc import Mapping

import msgspec

from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    MediaError,
    NotFound,
    SpeechRequest,
    Task,
    voices_of,
)
from router.engine.policy import Field, consider, in_voice_of, nobody
from router.engine.routing import RouteTable


class Texts(msgspec.Struct, frozen=True):
    """Who speaks what, by the routes and the logical voices there are."""

    table: RouteTable
    voices: Mapping[str, Mapping[str, str]]

    def for_provider(self, text: SpeechRequest, provider: str) -> SpeechRequest | None:
        """Return a text as a provider would speak it itself, None if the model or the voice asked for is another's.

        Raises `NotFound` for a model that no speech route serves.
        """
        if text.model is not None:
            tiers = self.table.find(Task.SPEECH, text.model).tiers
            if all(target.provider != provider for tier in tiers for target in tier.targets):
                return None
        return in_voice_of(provider, msgspec.structs.replace(text, model=None), self.voices)

    def why_not(self, request: AvatarRequest, provider: str, limits: AvatarLimits, field: Field) -> str | None:
        """Say why a film's texts cannot be spoken for a provider that does not do so itself, if they cannot.

        Raises `NotFound` as above.
        """
        for text in voices_of(request):
            if not isinstance(text, SpeechRequest):
                continue
            own = self.for_provider(text, provider)
            if own is not None and limits.takes_text(own):
                continue
            if why := self._unspoken(text, field):
                return f"does not speak this text itself, and {why.message}"
        return None

    def _unspoken(self, text: SpeechRequest, field: Field) -> MediaError | None:
        try:
            route = self.table.find(Task.SPEECH, text.model)
        except NotFound as error:
            return error
        asked = msgspec.structs.replace(text, format=AudioFormat.WAV)
        targets = [target for tier in route.tiers for target in tier.targets]
        found = {target.provider: consider(asked, route, target, field) for target in targets}
        reasons = {provider: why for provider, why in found.items() if isinstance(why, str)}
        return nobody(asked, route, reasons) if len(reasons) == len(found) else None
