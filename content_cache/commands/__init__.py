"""Commands of `content-cache` about keys and signatures, one to a file; cli.py puts them together."""
