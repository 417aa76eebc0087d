"""History: any aggregate as it was, what changed between two moments, and why a number is what it is (decision 21).

In reading order: kinds.py (what has a history here, and by which names it is found), domain.py (points in it, and how
two states differ), past.py (folding up to a point), snapshots.py (so that a long history needn't be read from its
beginning), handlers.py and answers.py (what is asked and answered), prices.py (why an order line costs what it does),
routes.py.
"""
