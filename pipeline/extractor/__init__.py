"""The extractor: VGG19's layers, its weights (published, built in, random, from a file), the network.

It knows no loss, no setting and no job.
"""
