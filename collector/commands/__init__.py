"""One file per command of `collector`."""
