"""How many of a SKU an order and a customer may have."""
