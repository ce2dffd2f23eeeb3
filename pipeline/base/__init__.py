"""What every room uses: array types, messages, atomic files, the machine's memory and threads.

It knows nothing of pictures, networks or jobs, and imports nothing of nstpipe but its errors.
"""
