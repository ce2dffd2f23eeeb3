"""Picture files <-> arrays: reading, colour, writing, and finding them below a folder.

It uses no network, no clips and no jobs.
"""
