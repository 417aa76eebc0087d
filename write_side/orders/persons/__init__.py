"""Whose an order is, and which orders and quotes still name a person."""
