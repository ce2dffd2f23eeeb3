"""Picture files <-> arrays: reading, colour, writing, and finding them below a folder.

It knows no network, no clip and no job.
"""
