"""The core: (content, styles, settings, start) -> pastiche. Losses, optimizers, scales, and TensorFlow.

It knows no file, no optical flow and no job, and it never prints.
"""
