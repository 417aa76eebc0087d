"""Parcels booked at the carrier by themselves, and what the carrier says of them.

In reading order: carrier.py (what any carrier can be asked), domain.py, handlers.py, steps.py (the worker books, asks
where parcels are, and ends orders), routes.py (the carrier's webhook), gateway.py (the one carrier there is).
"""
