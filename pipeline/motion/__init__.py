"""What a frame takes over from those before it: optical flow, what stands still, the walk over a shot.

It knows no file and no job; it gives the core per-pixel weights.
"""
