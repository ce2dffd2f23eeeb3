"""Clips <-> frames, their times and sound; where a clip cuts.

It knows no network, no settings and no job.
"""
