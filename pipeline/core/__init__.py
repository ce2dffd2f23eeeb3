"""The core: (content, styles, settings, start) -> pastiche. Losses, optimizers, scales, and TensorFlow.

It uses no files, no optical flow and no jobs, and it never prints.
"""
