"""The distillation of the built-in extractor: pictures, crops, the published network and the student."""
