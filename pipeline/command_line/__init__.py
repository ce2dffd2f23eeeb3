"""What the command line is made of: flags, progress bar, Ctrl-C, dry run, doctor. Only `cli.py` imports it.

It parses and prints, and decides nothing about a picture or a job; it does not import `api`.
"""
