"""What is recorded of a job: journal, fingerprint, lock, log; and its status, which is read from these.

Nothing here makes an item.
"""
