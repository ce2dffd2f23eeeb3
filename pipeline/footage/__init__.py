"""What a video is made from and becomes: a clip, or a sequence of pictures with numbers in their names.

Clips are read and written by :mod:`pipeline.video`, pictures by :mod:`pipeline.pictures`.
"""
