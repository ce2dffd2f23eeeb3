"""The extractor: VGG19's layers, its weights (published, built in, random, from a file), the network.

It uses no losses, no settings and no jobs.
"""
