"""Write the tables of HDR's colours, ``pipeline/video/decoding/colour_tables.npz``.

``python -m tools.make_colour_tables`` takes six seconds. It is needed where FFmpeg comes to convert these
colours better; then raise ``WIDE_COLOURS_VERSION`` in ``pipeline/video/decoding/reading.py``.
"""

import numpy as np

from pipeline.video.decoding import colour_tables


def main() -> None:
    """Make each table by FFmpeg's scaler and write the file."""
    tables = {
        colour_tables.stored_name(*tags): colour_tables.packed(colour_tables.by_scaler(*tags))
        for tags in colour_tables.STORED
    }
    np.savez_compressed(colour_tables.FILE, **tables)


if __name__ == "__main__":
    main()
