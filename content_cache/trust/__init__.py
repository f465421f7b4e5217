"""Which content is genuine: The Update Framework (python-tuf) over whatever carries it, and the keys that sign it."""
