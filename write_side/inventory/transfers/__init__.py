"""Transfers between warehouses that take their time: planned, on the road, received."""
