"""What runs: the settings, preset files, and which of flag, environment, project and preset wins.

It knows the layers' names, and nothing of pictures, tensors or jobs.
"""
