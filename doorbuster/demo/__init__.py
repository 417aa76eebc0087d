"""`doorbuster demo`: a catalog goes in, a guest buys, a card is declined, two hundred want fifty."""
