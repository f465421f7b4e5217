"""The jobs that run beside the pages, as one table."""
