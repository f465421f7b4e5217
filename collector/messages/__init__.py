"""Short messages from hubs whose line is gone: an SMS of totals, or a burst of courses."""
