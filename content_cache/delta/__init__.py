"""Deltas between releases, and bundles: made once when a course is published, applied on every hub."""
