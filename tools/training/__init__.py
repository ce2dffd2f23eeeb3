"""How the built-in extractor is trained: pictures of classes, crops of them, the network, what is stored."""
