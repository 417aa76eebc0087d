"""Credit notes: what takes something off an invoice, as the books have it."""
