"""What people carry for a hub without a line: files to head office and back, on phones and sticks, and the kit."""
