"""The machine that the hub runs on: what its sensors say, and what it is asked to do as root."""
