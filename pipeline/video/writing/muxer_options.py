"""Options of FFmpeg's muxers, the same for the output and for every trial before it."""

from fractions import Fraction

from pipeline.video.clip import Clip


def muxer_options(
    container: str, time_base: Fraction, *, uses_keys: bool = False, index_first: bool = True
) -> dict[str, str]:
    """A file without versions or random numbers; an MP4 with the clip's time unit.

    Args:
        uses_keys: whether an MP4 or MOV stores tags under QuickTime's keys.
        index_first: whether the index of an MP4 or MOV comes first, so that it plays while it loads; FFmpeg
            does this to files on a disk only.
    """
    options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
    if container in ("mp4", "mov"):
        ticks = str(time_base.denominator)
        flags = "+faststart" * index_first + "+use_metadata_tags" * uses_keys
        # How long after the sound the frames begin is stored in the movie's own unit, by default 1/1000 s.
        options |= {"movflags": flags or "0", "video_track_timescale": ticks, "movie_timescale": ticks}
    return options


def average_rate(clip: Clip) -> Fraction:
    """Frames a second, a hint for the encoder's rate control; the frames' own times are what counts."""
    ticks = clip.frame_times[-1] + clip.last_frame_duration - clip.frame_times[0]
    return Fraction(len(clip.frame_times) / (ticks * clip.time_base)).limit_denominator(1001)
