"""The training of the built-in extractor: pictures of classes, crops, the network, and the stored weights."""
