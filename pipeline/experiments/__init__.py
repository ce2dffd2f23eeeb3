"""Experiments: what the network sees in a picture, what its layers keep of it, and what
settings make of a pastiche.

Imports from jobs, core, pictures and below; only ``cli.py`` imports it.
"""
