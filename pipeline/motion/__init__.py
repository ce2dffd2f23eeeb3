"""What a frame takes over from those before it: optical flow, places that stand still, the walk over a shot.

It uses no files and no jobs; it gives the core per-pixel weights.
"""
