"""A still portrait with everything in it that can move."""

import random

from plugins.embedded.blink import Eyelids
from plugins.embedded.face import Box, find_face, find_features
from plugins.embedded.framing import frame
from plugins.embedded.jaw import Jaw
from plugins.embedded.lips import find_lips
from plugins.embedded.mouth import Shape
from plugins.embedded.picture import Image
from plugins.embedded.sway import Sway


class Rig:
    """One face, ready to be posed; the same `seed` blinks and sways the same way."""

    def __init__(self, still: Image, box: Box, *, seconds: float, seed: int = 0) -> None:
        chance = random.Random(seed)  # noqa: S311 - when to blink is no secret
        face = find_features(still, box)
        self._still = still
        self._jaw = Jaw(still, face, find_lips(still, face))
        self._eyelids = Eyelids(still, face, seconds, chance)
        self._sway = Sway(still, face, chance)

    def pose(self, seconds: float, shape: Shape) -> Image:
        """Return the picture at this time with the mouth in this shape: (height, width, 3), RGB."""
        picture = self._still.copy()
        self._jaw.speak(picture, shape)
        self._eyelids.blink(picture, seconds)
        self._sway.move(picture, seconds, shape.opening)
        return picture


def rig_portrait(picture: Image, size: tuple[int, int], *, seconds: float, seed: int = 0) -> Rig:
    """Cut a picture to the video's size around its face and make that face movable.

    Raises ContentRefused (`no_face`) if there is none.
    """
    still, box = frame(picture, find_face(picture), size)
    return Rig(still, box, seconds=seconds, seed=seed)
