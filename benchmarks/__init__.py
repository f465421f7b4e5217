"""Measurements side by side with what a user would pick instead; README.md holds the figures."""
