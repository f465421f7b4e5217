"""What villagers browse: home, course and item pages, rendered once per release and language."""
