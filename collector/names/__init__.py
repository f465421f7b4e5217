"""What courses and items are called: taken in from the signed content, looked up by their integers."""
