"""Pick lists: what of an order is taken from the shelves of one warehouse, by whom, and what if it isn't there."""
