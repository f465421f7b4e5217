"""Everything on the pages, as JSON and CSV; what programs probe."""
