"""Where a clip cuts from one shot to another."""
