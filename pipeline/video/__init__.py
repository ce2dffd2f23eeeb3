"""Clips <-> frames, their times and sound; where a clip cuts.

It uses no network, no settings and no jobs.
"""
