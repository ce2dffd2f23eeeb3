"""Jobs: what is to be made, what is done and what is left; the only room that sees files and the core.

It knows no terminal: it tells an Observer, and the caller shows it.
"""
