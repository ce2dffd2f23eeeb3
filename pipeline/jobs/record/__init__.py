"""What is written down of a job: journal, fingerprint, lock, log; and its status, read from these.

Nothing here makes an item.
"""
