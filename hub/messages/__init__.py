"""Short messages: where the line is gone for days, an SMS tells head office the totals of a day."""
