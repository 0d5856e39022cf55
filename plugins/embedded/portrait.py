"""The portrait the demo animates: a person drawn with code, so that no picture of anyone has to be shipped."""

import cv2
import numpy as np
from numpy.typing import NDArray

from plugins.embedded.canvas import Canvas, Colour, curve, mirrored, oval, ribbon

SKIN: Colour = (233, 184, 154)
SKIN_SHADE: Colour = (176, 112, 86)
SKIN_LIGHT: Colour = (252, 222, 198)
BLUSH: Colour = (226, 128, 112)
HAIR: Colour = (74, 44, 32)
HAIR_DARK: Colour = (40, 22, 17)
HAIR_LIGHT: Colour = (142, 92, 62)
IRIS: Colour = (84, 108, 84)
LIP_UPPER: Colour = (178, 78, 78)
LIP_LOWER: Colour = (204, 100, 96)
LIP_SEAM: Colour = (96, 34, 36)
SHIRT: Colour = (44, 84, 106)
WALL: Colour = (206, 214, 214)

HEAD = [
    (0.500, 0.185), (0.420, 0.205), (0.348, 0.275), (0.318, 0.375), (0.318, 0.475), (0.336, 0.575),
    (0.374, 0.660), (0.438, 0.730), (0.500, 0.748), (0.562, 0.730), (0.626, 0.660), (0.664, 0.575),
    (0.682, 0.475), (0.682, 0.375), (0.652, 0.275), (0.580, 0.205),
]  # fmt: skip
EYE = [(0.361, 0.462), (0.382, 0.443), (0.412, 0.435), (0.442, 0.446), (0.459, 0.466), (0.436, 0.477), (0.410, 0.480), (0.382, 0.475)]  # fmt: skip


def draw_portrait(size: int = 640) -> bytes:
    """Return the portrait as a square PNG, its face where a photographer would put it."""
    canvas = Canvas(size, WALL)
    _backdrop(canvas)
    _hair_behind(canvas)
    _shoulders(canvas)
    _head(canvas)
    _nose(canvas)
    _around_mouth(canvas)
    _mouth(canvas)
    for flip in (False, True):
        _eye(canvas, flip=flip)
        _brow(canvas, flip=flip)
    _hair_in_front(canvas)
    _, png = cv2.imencode(".png", cv2.cvtColor(canvas.picture(), cv2.COLOR_RGB2BGR))
    return png.tobytes()


def _backdrop(canvas: Canvas) -> None:
    """A wall lit from the upper left."""
    canvas.fill(oval(0.30, 0.22, 0.55, 0.55), (236, 238, 232), soft=0.16, opacity=0.8)
    canvas.fill(oval(0.95, 1.00, 0.50, 0.60), (128, 146, 152), soft=0.18, opacity=0.8)


def _hair_behind(canvas: Canvas) -> None:
    shape = _bob()
    canvas.fill(shape, HAIR)
    inside = canvas.mask(shape)
    canvas.fill(oval(0.5, 0.66, 0.22, 0.25), HAIR_DARK, soft=0.035, opacity=0.9, within=inside)
    for step in range(9):
        sway = 0.012 * step
        lock = [
            (0.29 - sway / 3, 0.30 + sway),
            (0.252 + sway / 4, 0.48),
            (0.250 + sway / 2, 0.64),
            (0.272 + sway / 2, 0.78),
        ]
        for path in (lock, mirrored(lock)):
            colour = HAIR_LIGHT if step % 3 == 0 else HAIR_DARK
            canvas.fill(ribbon(curve(path, closed=False), 0.006), colour, soft=0.0015, opacity=0.35)


def _bob() -> NDArray[np.float64]:
    """Outline all of the hair."""
    left = [
        (0.500, 0.095), (0.420, 0.100), (0.335, 0.140), (0.270, 0.225), (0.238, 0.380), (0.228, 0.560), (0.232, 0.700),
        (0.252, 0.775), (0.310, 0.800), (0.400, 0.790),
    ]  # fmt: skip
    return curve(left + mirrored(left)[:0:-1], closed=True)


def _shoulders(canvas: Canvas) -> None:
    neck = [(0.415, 0.64), (0.418, 0.76), (0.395, 0.83), (0.34, 0.87), (0.42, 0.96), (0.50, 0.98)]
    outline = curve(neck + mirrored(neck)[:-1][::-1], closed=True)
    canvas.fill(outline, SKIN)
    inside = canvas.mask(outline)
    canvas.fill(oval(0.51, 0.70, 0.15, 0.105), SKIN_SHADE, soft=0.018, opacity=0.75, within=inside)
    canvas.fill(oval(0.60, 0.84, 0.05, 0.12), SKIN_SHADE, soft=0.02, opacity=0.4, within=inside)
    left = [(0.385, 0.838), (0.30, 0.872), (0.16, 0.915), (0.07, 0.99), (0.03, 1.10), (0.50, 1.12)]
    collar = [(0.455, 0.925), (0.50, 0.935)]
    body = curve([collar[1], collar[0], *left, *mirrored(left)[-2::-1], *mirrored(collar)[:1]], closed=True)
    canvas.fill(body, SHIRT)
    cloth = canvas.mask(body)
    canvas.fill(oval(0.22, 0.95, 0.16, 0.05), (86, 132, 152), soft=0.03, opacity=0.7, within=cloth)
    canvas.fill(oval(0.90, 1.02, 0.25, 0.10), (18, 44, 62), soft=0.04, opacity=0.8, within=cloth)
    seam = [(0.385, 0.846), (0.42, 0.905), (0.50, 0.948), (0.58, 0.905), (0.615, 0.846)]
    canvas.fill(ribbon(curve(seam, closed=False), 0.010, 0.2), (24, 56, 74), soft=0.001, opacity=0.8)


def _head(canvas: Canvas) -> None:
    """The bare face: skin, light from the upper left, shade towards the right and under the cheekbones."""
    outline = curve(HEAD, closed=True)
    canvas.fill(outline, SKIN)
    inside = canvas.mask(outline)
    rim = (1 - canvas.mask(outline, 0.030)) * inside
    canvas.blend(rim, SKIN_SHADE)
    canvas.fill(oval(0.69, 0.52, 0.075, 0.26), SKIN_SHADE, soft=0.040, opacity=0.55, within=inside)
    canvas.fill(oval(0.43, 0.345, 0.12, 0.07), SKIN_LIGHT, soft=0.040, opacity=0.65, within=inside)
    canvas.fill(oval(0.395, 0.535, 0.045, 0.03), SKIN_LIGHT, soft=0.025, opacity=0.60, within=inside)
    canvas.fill(oval(0.490, 0.712, 0.035, 0.018), SKIN_LIGHT, soft=0.014, opacity=0.50, within=inside)
    for x in (0.385, 0.615):
        canvas.fill(oval(x, 0.570, 0.040, 0.030), BLUSH, soft=0.026, opacity=0.45, within=inside)
    canvas.fill(oval(0.5, 0.225, 0.20, 0.05), SKIN_SHADE, soft=0.030, opacity=0.75, within=inside)


def _nose(canvas: Canvas) -> None:
    shade = [
        (0.520, 0.450),
        (0.524, 0.500),
        (0.536, 0.550),
        (0.546, 0.572),
        (0.528, 0.586),
        (0.512, 0.560),
        (0.508, 0.500),
    ]
    canvas.fill(curve(shade, closed=True), SKIN_SHADE, soft=0.010, opacity=0.50)
    canvas.fill(oval(0.493, 0.490, 0.008, 0.062), SKIN_LIGHT, soft=0.008, opacity=0.75)
    canvas.fill(oval(0.494, 0.562, 0.014, 0.011), SKIN_LIGHT, soft=0.007, opacity=0.85)
    canvas.fill(oval(0.502, 0.594, 0.034, 0.007), SKIN_SHADE, soft=0.007, opacity=0.60)
    wing = [(0.463, 0.563), (0.458, 0.577), (0.465, 0.588), (0.476, 0.589)]
    nostril = [(0.472, 0.5865), (0.480, 0.5825), (0.489, 0.5875)]
    for flip in (False, True):
        side, hole = (mirrored(wing), mirrored(nostril)) if flip else (wing, nostril)
        canvas.fill(ribbon(curve(side, closed=False), 0.0045), (150, 88, 68), soft=0.002, opacity=0.55)
        canvas.fill(ribbon(curve(hole, closed=False), 0.0080), (98, 46, 38), soft=0.0015, opacity=0.85)


def _mouth(canvas: Canvas) -> None:
    """Closed lips with a quiet smile; the seam between them is what the animation opens."""
    seam = [
        (0.423, 0.6400),
        (0.445, 0.6460),
        (0.475, 0.6490),
        (0.500, 0.6515),
        (0.525, 0.6490),
        (0.555, 0.6460),
        (0.577, 0.6400),
    ]
    upper = [
        (0.555, 0.6360),
        (0.525, 0.6290),
        (0.511, 0.6270),
        (0.500, 0.6300),
        (0.489, 0.6270),
        (0.475, 0.6290),
        (0.445, 0.6360),
    ]
    lower = [(0.555, 0.6600), (0.530, 0.6720), (0.500, 0.6755), (0.470, 0.6720), (0.445, 0.6600)]
    canvas.fill(curve([*seam, *lower], closed=True), LIP_LOWER, soft=0.0015)
    canvas.fill(curve([*seam, *upper], closed=True), LIP_UPPER, soft=0.0015)
    canvas.fill(oval(0.488, 0.6625, 0.024, 0.0040), (240, 160, 150), soft=0.004, opacity=0.75)
    canvas.fill(ribbon(curve(seam, closed=False), 0.0052), LIP_SEAM, soft=0.0008, opacity=0.9)


def _around_mouth(canvas: Canvas) -> None:
    """The shadow under the lower lip, the dimples at the corners, the groove under the nose."""
    canvas.fill(oval(0.500, 0.688, 0.040, 0.007), SKIN_SHADE, soft=0.007, opacity=0.55)
    for x in (0.4205, 0.5795):
        canvas.fill(oval(x, 0.6395, 0.005, 0.005), SKIN_SHADE, soft=0.004, opacity=0.7)
    for x in (0.4945, 0.5055):
        canvas.fill(oval(x, 0.613, 0.002, 0.010), SKIN_SHADE, soft=0.003, opacity=0.25)


def _eye(canvas: Canvas, *, flip: bool) -> None:
    outline = curve(mirrored(EYE) if flip else EYE, closed=True)
    centre = 0.589 if flip else 0.411
    canvas.fill(oval(centre, 0.452, 0.058, 0.034), SKIN_SHADE, soft=0.014, opacity=0.50)
    white = canvas.mask(outline, 0.0008)
    canvas.blend(white, (244, 240, 236))
    canvas.fill(oval(centre, 0.434, 0.050, 0.011), (150, 130, 124), soft=0.006, opacity=0.55, within=white)
    canvas.fill(oval(centre, 0.457, 0.0215, 0.0215), (38, 48, 40), soft=0.001, within=white)
    canvas.fill(oval(centre, 0.457, 0.0190, 0.0190), IRIS, soft=0.002, within=white)
    canvas.fill(oval(centre, 0.467, 0.0120, 0.0070), (150, 172, 128), soft=0.004, opacity=0.7, within=white)
    canvas.fill(oval(centre, 0.457, 0.0095, 0.0095), (14, 12, 12), soft=0.0008, within=white)
    canvas.fill(oval(centre - 0.008, 0.4495, 0.0052, 0.0050), (255, 255, 255), soft=0.0008, within=white)
    canvas.fill(oval(centre + 0.008, 0.4645, 0.0026, 0.0026), (255, 255, 255), soft=0.0010, opacity=0.7, within=white)
    lash = [(0.355, 0.461), (0.380, 0.4425), (0.412, 0.4335), (0.443, 0.4450), (0.460, 0.466)]
    crease = [(0.364, 0.440), (0.388, 0.426), (0.415, 0.421), (0.444, 0.430)]
    below = [(0.368, 0.470), (0.385, 0.4760), (0.410, 0.4810), (0.436, 0.4785), (0.455, 0.470)]
    lash, crease, below = (mirrored(path) if flip else path for path in (lash, crease, below))
    canvas.fill(ribbon(curve(lash, closed=False), 0.0075, 0.7), (38, 24, 22), soft=0.0006)
    canvas.fill(ribbon(curve(crease, closed=False), 0.0040), (140, 84, 66), soft=0.0015, opacity=0.7)
    canvas.fill(ribbon(curve(below, closed=False), 0.0030), (140, 84, 70), soft=0.0012, opacity=0.7)


def _brow(canvas: Canvas, *, flip: bool) -> None:
    arch = [(0.345, 0.404), (0.372, 0.383), (0.408, 0.376), (0.446, 0.387), (0.462, 0.395)]
    path = curve(mirrored(arch) if flip else arch, closed=False)
    canvas.fill(ribbon(path, 0.0145, 0.75), HAIR, soft=0.002, opacity=0.85)
    canvas.fill(ribbon(path + np.array((0, 0.001)), 0.0070, 0.8), HAIR_DARK, soft=0.0015, opacity=0.6)


def _hair_in_front(canvas: Canvas) -> None:
    """A fringe swept from a parting on the right, and a lock down either side."""
    fringe = [
        (0.575, 0.085), (0.46, 0.075), (0.32, 0.105), (0.225, 0.25), (0.200, 0.42), (0.200, 0.56), (0.215, 0.80), (0.270, 0.84),
        (0.310, 0.64), (0.318, 0.49), (0.344, 0.385), (0.420, 0.318), (0.510, 0.262), (0.572, 0.200),
    ]  # fmt: skip
    side = [
        (0.560, 0.085), (0.680, 0.115), (0.775, 0.25), (0.800, 0.42), (0.800, 0.56), (0.785, 0.80), (0.730, 0.84), (0.690, 0.64),
        (0.682, 0.49), (0.668, 0.385), (0.630, 0.300), (0.582, 0.215), (0.562, 0.170),
    ]  # fmt: skip
    hair = canvas.mask(_bob())
    for shape in (side, fringe):
        outline = curve(shape, closed=True)
        inside = canvas.mask(outline) * hair
        canvas.blend(inside, HAIR)
        canvas.blend((1 - canvas.mask(outline, 0.014)) * inside, HAIR_DARK)
    for x, y, width in ((0.385, 0.200, 0.10), (0.665, 0.225, 0.05)):
        canvas.fill(oval(x, y, width, 0.026), HAIR_LIGHT, soft=0.022, opacity=0.65, within=hair)
    _strands(
        canvas, (0.556, 0.125), (0.562, 0.190), (0.325, 0.160), (0.450, 0.285), (0.246, 0.66), (0.322, 0.41), count=24
    )
    _strands(
        canvas, (0.590, 0.125), (0.572, 0.190), (0.700, 0.205), (0.625, 0.285), (0.752, 0.66), (0.676, 0.42), count=14
    )


def _strands(canvas: Canvas, *ends: tuple[float, float], count: int) -> None:
    """Single hairs from the parting over a bend to the tip, each spread between two ends; dark and light in turn."""
    for step, at in enumerate(np.linspace(0, 1, count)):
        path = [_between(at, first, last) for first, last in zip(ends[::2], ends[1::2], strict=True)]
        colour = HAIR_LIGHT if step % 2 else HAIR_DARK
        canvas.fill(ribbon(curve(path, closed=False), 0.0035), colour, soft=0.001, opacity=0.38)


def _between(at: float, first: tuple[float, float], last: tuple[float, float]) -> tuple[float, float]:
    return (first[0] + (last[0] - first[0]) * at, first[1] + (last[1] - first[1]) * at)
