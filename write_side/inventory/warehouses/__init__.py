"""Where stock is kept: which warehouses there are, whom each tells, and which places it serves."""
