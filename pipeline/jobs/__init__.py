"""Jobs: what is to be made, what is done and what is left. This package connects files and the core.

Three packages: ``planning``, ``record`` and ``work``. Jobs print nothing: they report to an Observer, and the
caller shows it.
"""
