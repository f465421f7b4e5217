"""What hubs report arrives here: verified, kept once, acknowledged by name."""
