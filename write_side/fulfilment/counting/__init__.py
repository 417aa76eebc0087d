"""What lies on a shelf: what can be sold, and what is paid for and was not picked yet."""
