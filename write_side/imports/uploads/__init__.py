"""Files that come over HTTP and are imported by the worker.

In reading order: domain.py (what is asked), store.py (its pieces), handlers.py and routes.py, then carrying.py and
steps.py, by which the worker does it.
"""
