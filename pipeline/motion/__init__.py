"""What a frame takes over from those before it: light, optical flow, places that stand still.

The walk over a shot brings them together. It uses no files and no jobs; it gives the core per-pixel weights.
"""
