"""Experiments: what the network sees in a picture, and what its layers keep of it.

Imports from jobs, core, pictures and below; only ``cli.py`` imports it.
"""
