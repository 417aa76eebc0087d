"""What goods are called in other languages."""
