"""`python -m content_cache` is the command `content-cache`."""

from content_cache.cli import main

main()
