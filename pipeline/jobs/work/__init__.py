"""Doing a job: open its folder, run tasks in this process or in workers, write and mark items.

It tells an Observer what happens and prints nothing.
"""
