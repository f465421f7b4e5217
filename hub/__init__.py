"""The box in the village: a Flask application with a folder per feature, and the worker that runs its jobs."""
