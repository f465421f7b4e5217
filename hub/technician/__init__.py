"""The signed-in side: health, storage, what is playing, what waits for head office."""
