"""What may still be changed of an order once it is placed."""
