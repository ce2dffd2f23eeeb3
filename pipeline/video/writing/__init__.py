"""From frames, and a clip's sound and metadata, to a video file."""
