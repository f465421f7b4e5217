"""Bytes to phones: which part of which blob, answered before Flask is asked."""
