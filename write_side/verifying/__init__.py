"""Whether all is as the log says: events by their chains and seals, rows by the fold of their events; and repairs.

No context but part of the log, so it may name the log's tables, and its wiring looks into all contexts. Worked through
all at once by `doorbuster verify`, and a slice at a time by the worker (sweep.py).
"""
