"""What is measured of a clip before it is stylised: its shots, and the light of its frames."""

from collections.abc import Sequence

from pipeline.base.arrays import Frame
from pipeline.motion import light
from pipeline.motion.light import Light
from pipeline.video.shots.shot_detection import ShotDetector


class ClipMeasures:
    """The :class:`~pipeline.footage.sources.Watcher` of a job."""

    def __init__(self, detects_shots: bool = True) -> None:
        self._detector = ShotDetector() if detects_shots else None
        self._lights: list[Light] = []

    def add(self, frame: Frame) -> None:
        """Measure the next frame, (H, W, 3) RGB uint8."""
        self._lights.append(light.of(frame))
        if self._detector is not None:
            self._detector.add(frame)

    def shots(self) -> tuple[int, ...]:
        """The number of each shot's first frame, 0 the clip's first; after the last frame."""
        assert self._detector is not None
        return tuple(self._detector.first_frames())

    def gains(self, shots: Sequence[int]) -> dict[int, float]:
        """The gains of the frames dimmer than their shot, by number; see :mod:`pipeline.motion.light`."""
        return light.gains_of_clip(self._lights, shots)
