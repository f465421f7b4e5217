"""The figures of head office: what pages and API both show, read from the inbox's tables."""
