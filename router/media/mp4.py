"""Fragmented MP4 (H.264 and AAC), written while its frames are being made. For use inside jobs."""

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from router.media.encode import Sink

FPS = 25
MUXER = {"movflags": "delay_moov+default_base_moof", "frag_duration": "100000", "flush_packets": "1"}
"""Fragments of 100 ms, the wait before the first picture. The header waits for the first of them: written at once
(`empty_moov`) it cannot say that AAC begins 1024 samples early, and all pictures but the first come that much late."""

PIXELS = "yuv420p"
X264 = {"preset": "superfast", "tune": "zerolatency", "crf": "24"}
"""`zerolatency` turns off the look-ahead, which would hold back ten more frames and all sound with them. For a talking head this
is as good as `veryfast` at 23 (41.3 dB), takes two thirds of the CPU, and a tenth more room."""


class Mp4Writer:
    """Takes I420 frames at a constant 25 a second and s16le mono sound; hands out bytes as fragments close.

    Feed picture and sound in step: a fragment closes only once both have come as far.
    """

    def __init__(self, width: int, height: int, sample_rate: int, threads: int = 1) -> None:
        self._sink = Sink()
        self._container = av.open(self._sink, "w", format="mp4", options=MUXER)
        self._video = self._container.add_stream("libx264", rate=FPS, options={**X264, "g": str(FPS)})
        self._video.width, self._video.height = width, height
        self._video.pix_fmt = PIXELS
        self._video.codec_context.thread_count = threads
        self._audio = self._container.add_stream(
            "aac", rate=sample_rate, options={"aac_coder": "fast"}, layout="mono", bit_rate=96_000
        )
        self._sample_rate = sample_rate
        self._frames = 0
        self._samples = 0
        self._half = b""

    def picture(self, planes: NDArray[np.uint8]) -> bytes:
        """Add one frame and return what can be sent.

        It comes as I420, (height * 3 // 2, width): brightness, then both colours at half the size, in BT.601's ranges.
        To make that of RGB took PyAV longer than x264 takes for the rest.
        """
        frame = av.VideoFrame.from_ndarray(planes, format=PIXELS)
        frame.pts, frame.time_base = self._frames, Fraction(1, FPS)
        self._frames += 1
        self._container.mux(self._video.encode(frame))
        return self._sink.drain()

    def sound(self, pcm: bytes) -> bytes:
        """Add sound, cut anywhere, and return what can be sent."""
        pcm = self._half + pcm
        whole = len(pcm) & ~1
        self._half = pcm[whole:]
        if whole:
            samples = np.frombuffer(pcm[:whole], "<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = self._sample_rate, self._samples
            self._samples += frame.samples
            self._container.mux(self._audio.encode(frame))
        return self._sink.drain()

    def close(self) -> bytes:
        """End both tracks and return the last bytes."""
        for stream, fed in ((self._video, self._frames), (self._audio, self._samples)):
            if fed:
                self._container.mux(stream.encode(None))
        self._container.close()
        return self._sink.drain()
