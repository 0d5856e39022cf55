"""The engine's own validation of what it is asked, and the types of what it answers, as a program of its own.

    python -I engine_judge.py <folder of the package sglang-omni>

Each line in is `{"of": <kind of message>, "said": <its fields>}`, each line out a complaint or null. SGLang-Omni
checks requests in plain Python, but imports what it computes and serves with: for that there are stand-ins here,
which are never called.
"""

import inspect
import json
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

import pydantic

NOT_NEEDED: Final = (
    "fastapi", "fastapi.responses", "msgpack", "pybase64", "sglang", "sglang.utils", "soundfile", "starlette", "starlette.responses", "starlette.types",
    "torch", "torchaudio", "xxhash", "zmq", "zmq.asyncio",
)  # fmt: skip


class StandIn(ModuleType):
    """A module, or a thing in one, that is there to be imported and named."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__spec__ = ModuleSpec(name, None)  # the engine looks for some to know what it can encode

    def __getattr__(self, name: str) -> "StandIn":
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(name)

    def __call__(self, *_: object, **__: object) -> "StandIn":
        return self

    def __mro_entries__(self, _: tuple[type, ...]) -> tuple[type, ...]:
        return (Exception,)  # some of them are raised

    def __or__(self, other: object) -> "StandIn":
        return self

    def __ror__(self, other: object) -> "StandIn":
        return self


class Engine:
    """What the package says of a message."""

    def __init__(self, folder: str) -> None:
        sys.modules.update({name: StandIn(name) for name in NOT_NEEDED})
        sys.path.insert(0, folder)
        self.protocol: Any = import_module("sglang_omni.serve.protocol")
        self.hearing: Any = import_module("sglang_omni.serve.speech_to_text")
        self.refused: Any = import_module("sglang_omni.serve.speech_errors").SpeechAPIError
        self.speaking: Any = import_module("sglang_omni.serve.speech_service").SpeechRequestValidator(
            default_model="higgs-audio-v3-tts",
            # Told which fields there are, it refuses all others.
            supported_speech_fields=frozenset(self.protocol.CreateSpeechRequest.model_fields),
        )
        connector: Any = import_module("sglang_omni.preprocessing.resource_connector").MultiModalResourceConnector
        # The samples of these tests are on loopback, where the engine fetches nothing if not allowed to.
        self.speaking.reference_connector = connector(
            allow_remote_media_without_domains=True, reject_unsafe_remote_addresses=False
        )

    def complaint(self, of: str, said: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a message, or None."""
        try:
            if of == "speech":
                self.speaking.parse_request(said)
            elif of == "form":
                self._form(said)
            else:
                self._answer(of, said)
        except self.refused as refusal:
            return f"{refusal.param}: {refusal.message}"
        except (ValueError, TypeError) as wrong:
            return str(wrong)
        return None

    def _form(self, said: Mapping[str, str]) -> None:
        """Check a transcription's form: its parser's parameters, which FastAPI fills from text."""
        known = inspect.signature(self.hearing.parse_speech_to_text_form, eval_str=True).parameters
        for name, text in said.items():
            if name not in known:
                raise ValueError(f"{name}: unknown")
            if name != "file":
                pydantic.TypeAdapter(known[name].annotation).validate_python(text)
        wanted = said.get("response_format", "json")
        if wanted not in self.hearing.DEFAULT_RESPONSE_FORMATS | self.hearing.SEGMENT_RESPONSE_FORMATS:
            raise ValueError(f"response_format: {wanted}")

    def _answer(self, model: str, said: Mapping[str, Any]) -> None:
        getattr(self.protocol, model).model_validate(said, strict=True, extra="forbid")


def main() -> None:
    """Judge line by line."""
    engine = Engine(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(engine.complaint(asked["of"], asked["said"])), flush=True)


if __name__ == "__main__":
    main()
