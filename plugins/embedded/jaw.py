"""Lips and jaw that move: the lips part along their seam, the chin follows, and the mouth's inside is painted between."""

import numpy as np

from plugins.embedded.face import Face
from plugins.embedded.lips import Lips
from plugins.embedded.mouth import Shape
from plugins.embedded.picture import Image
from plugins.embedded.warp import Field, Patch, mixed, ramp

REACH = (1.05, 0.55, 1.05, 1.30)
WIDEST = 0.25
"""How far the lips part at most, in eye distances."""
UPPER_SHARE = 0.16
"""How much of that the upper lip does; the lower lip and the jaw do the rest."""
CHIN_SHARE = 0.62
"""How far the chin goes for each pixel of the lower lip."""
SPREAD = 0.10
"""How much wider or narrower the mouth gets."""
REST = 1.0
"""Pixels of parting below which the mouth counts as shut and nothing is painted."""
COLOURLESS = 4.0
"""The difference between red, green and blue below which a picture counts as black and white."""
TOOTH = (226.0, 218.0, 206.0)


class Jaw:
    """The moving lower half of one face."""

    def __init__(self, still: Image, face: Face, lips: Lips) -> None:
        self._still = still
        self._span = face.span
        self._teeth_show = lips.teeth
        self._patch = patch = Patch.around(still, face, lips.middle, REACH)
        along = patch.u / np.float32(lips.half_width)
        places = np.linspace(-1, 1, len(lips.seam))
        self._along = np.abs(along)
        self._seam = np.interp(np.clip(along, -1, 1), places, lips.seam).astype(np.float32)
        self._below_seam = patch.v - self._seam
        self._profile = np.sqrt(np.clip(1 - (along / 0.93) ** 2, 0, 1))
        self._chin = np.exp(-((along / 1.55) ** 4))
        self._near = np.exp(-((along / 1.5) ** 2) - (patch.v / np.float32(0.45 * face.span)) ** 2)
        self._prepare_falloff()
        self._hole = self._widest_hole()
        self._mix_colours(still, lips)

    def _prepare_falloff(self) -> None:
        """Say how much of the lips' parting each pixel takes part in, above and below the seam."""
        depth = np.clip(self._below_seam, 0, None) / np.float32(0.80 * self._span)
        lip = np.exp(-((depth / 0.45) ** 2))
        reach = 1 - ramp((depth - 0.55) / 0.85)
        self._lower = reach * (self._profile * lip + CHIN_SHARE * self._chin * (1 - lip))
        self._upper = self._profile * (1 - ramp(np.clip(-self._below_seam, 0, None) / np.float32(0.38 * self._span)))
        self._is_below = self._below_seam >= 0

    def _widest_hole(self) -> tuple[slice, slice]:
        """Return the box that holds the gap between the lips at its widest; an empty one if the picture ends above."""
        widest = WIDEST * self._span
        depth = self._below_seam
        gap = (self._profile > 0) & (depth > -UPPER_SHARE * widest) & (depth < (1 - UPPER_SHARE) * widest)
        rows, columns = np.flatnonzero(gap.any(axis=1)), np.flatnonzero(gap.any(axis=0))
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)

    def _mix_colours(self, still: Image, lips: Lips) -> None:
        """Take the inside's colours from the lips, so that they fit the picture's light."""
        x, y = (int(value) for value in lips.middle)
        across, down = int(0.3 * self._span), int(0.15 * self._span)
        around = still[max(y - down, 0) : y + down, max(x - across, 0) : x + across].reshape(-1, 3).mean(axis=0)
        self._dark = np.clip(around * (0.28, 0.15, 0.15), 12, 80).astype(np.float32)
        self._tongue = np.clip(around * (0.70, 0.42, 0.42), 0, 190).astype(np.float32)
        self._tooth = (np.array(TOOTH) * np.clip(around.mean() / 120, 0.55, 1.0)).astype(np.float32)
        if np.ptp(around) < COLOURLESS:
            self._dark, self._tongue, self._tooth = (
                np.full_like(c, c.mean()) for c in (self._dark, self._tongue, self._tooth)
            )

    def speak(self, frame: Image, shape: Shape) -> None:
        """Draw the mouth in this shape over the frame, a copy of the still; a mouth at rest is left alone."""
        parting = WIDEST * self._span * shape.opening
        wider = 1 + SPREAD * shape.spread * min(1.0, 2 * shape.opening + 0.2)
        if parting < REST / 4 and abs(wider - 1) < 0.002:
            return
        moved = self._moved(parting, wider)
        if parting > REST:
            self._paint_inside(moved, parting, shape)
        self._patch.of(frame)[:] = moved

    def _moved(self, parting: float, wider: float) -> Image:
        """Fetch each pixel from where the skin under it was before the mouth moved; none crosses the seam."""
        lower, upper = np.float32((1 - UPPER_SHARE) * parting), np.float32(UPPER_SHARE * parting)
        v = self._patch.v
        from_below = np.maximum(v - lower * self._lower, self._seam)
        from_above = np.minimum(v + upper * self._upper, self._seam)
        u = self._patch.u / (1 + np.float32(wider - 1) * self._near)
        return self._patch.bent(self._still, u, np.where(self._is_below, from_below, from_above))

    def _paint_inside(self, moved: Image, parting: float, shape: Shape) -> None:
        """Fill the gap between the lips: dark, the tongue below, teeth behind the upper and the lower lip."""
        lower, upper = np.float32((1 - UPPER_SHARE) * parting), np.float32(UPPER_SHARE * parting)
        profile, below_seam = self._profile[self._hole], self._below_seam[self._hole]
        from_top, from_bottom = below_seam + upper * profile, lower * profile - below_seam
        edge = np.float32(max(1.2, 0.016 * self._span))
        cover = np.clip(np.minimum(from_top, from_bottom) / edge, 0, 1) * (profile > 0)
        inside = self._inside(from_top, from_bottom, self._along[self._hole], shape)
        moved[self._hole] = mixed(moved[self._hole], inside, cover)

    def _inside(self, from_top: Field, from_bottom: Field, along: Field, shape: Shape) -> Field:
        """Colour the inside of the mouth: (height, width, 3)."""
        height = np.maximum(from_top + from_bottom, 1)
        down = np.clip(from_top / height, 0, 1)
        colour = np.broadcast_to(self._dark, (*down.shape, 3)) * (0.55 + 0.45 * down)[..., None]
        tongue = ramp((down - 0.55) / 0.45) * (1 - ramp((along - 0.30) / 0.40)) * min(1.0, 1.4 * shape.opening)
        colour = colour + (self._tongue - colour) * tongue[..., None]
        if not self._teeth_show:
            colour = self._add_teeth(colour, from_top, along, length=0.075, strength=0.85)
        if shape.hiss > 0.35:
            colour = self._add_teeth(colour, from_bottom, along, length=0.045, strength=0.45)
        depth = np.asarray(np.minimum(from_top, from_bottom), np.float32) / np.float32(0.045 * self._span)
        shade = 0.70 + 0.30 * ramp(depth)
        corners = 1 - 0.65 * ramp((along - 0.45) / 0.45)
        return np.asarray(colour * (shade * corners)[..., None], np.float32)

    def _add_teeth(self, colour: Field, depth: Field, along: Field, *, length: float, strength: float) -> Field:
        """Lay a row of teeth along one lip: an arch, longest in the middle, shorter and darker to the sides."""
        long = np.float32(length * self._span) * (1 - 0.5 * along**2)
        row = ramp((long - depth) / np.float32(0.02 * self._span)) * (1 - ramp((along - 0.50) / 0.30)) * strength
        return np.asarray(colour + (self._tooth - colour) * row[..., None], np.float32)
