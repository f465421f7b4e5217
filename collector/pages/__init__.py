"""What head office sees in a browser."""
