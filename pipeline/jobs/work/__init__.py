"""Run a job: open its folder, run tasks in this process or in workers, write and mark items.

It reports to an Observer and prints nothing.
"""
