"""From a clip's file to its frames and their times."""
