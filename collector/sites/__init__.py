"""The sites head office knows, the hubs that report for them, and how a hub is taken in."""
