"""The brushes, scenes, film and sound of the samples: everything that `draw.py` uses."""
