import io

import pytest

from router.contract.form import PIECE, Form
from router.testing.forms import Part, parts

SOUND = bytes(range(256)) * (PIECE // 100)


async def sent(form: Form) -> bytes:
    return b"".join([piece async for piece in form])


async def read(form: Form) -> dict[str, Part]:
    body = await sent(form)
    assert len(body) == form.length
    return parts(form.content_type, body)


@pytest.mark.parametrize(
    "content",
    [b"", SOUND, (SOUND[:10], b"", SOUND[10:]), io.BytesIO(SOUND)],
    ids=["empty", "bytes", "pieces", "file"],
)
async def test_arrives(content: bytes | tuple[bytes, ...] | io.BytesIO) -> None:
    """A form is as long as it says, and holds its fields and files, whatever they are kept in; it can be read again."""
    form = Form({"model": "m", "temperature": 0.5}, {"file": ("a.wav", content, "audio/wav")})
    for _ in range(2):
        held = await read(form)
        assert (held["model"].content, held["temperature"].content) == (b"m", b"0.5")
        assert held["file"].content == (content if isinstance(content, bytes) else SOUND)
        assert (held["file"].filename, held["file"].media_type) == ("a.wav", "audio/wav")


async def test_several_of_a_name() -> None:
    """A list goes as several fields of one name."""
    body = await sent(Form({"grains[]": ["word", "segment"]}, {"file": ("a", b"", "audio/wav")}))
    assert body.count(b'form-data; name="grains[]"\r\n\r\n') == 2
    assert b"\r\n\r\nword\r\n" in body
    assert b"\r\n\r\nsegment\r\n" in body


async def test_names_stay_within_their_quotes() -> None:
    """No name ends its header."""
    body = await sent(Form({'a"\r\nb': "x"}, {"file": ('"\r\n', b"", "audio/wav")}))
    assert b'name="a%22%0D%0Ab"\r\n' in body
    assert b'filename="%22%0D%0A"\r\n' in body
