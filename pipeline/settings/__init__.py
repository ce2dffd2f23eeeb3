"""The settings, the preset files, and which of flag, environment, project and preset wins.

It uses the layers' names, but no pictures, tensors or jobs.
"""
