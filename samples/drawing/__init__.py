"""The sample pictures' own brushes, scenes, film and sound: everything that `draw.py` puts together."""
