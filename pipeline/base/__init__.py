"""What every package uses: array types, messages, atomic files, the machine's memory and threads.

It does not depend on pictures, networks or jobs, and imports nothing of nstpipe but its errors.
"""
