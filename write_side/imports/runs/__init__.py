"""Runs: each time that many products were changed at once, by a file or an edit in bulk, and how it is undone.

In reading order: domain.py (what a run is), undoing.py and editing.py (what becomes of a product; pure), store.py,
carrying.py (the next few products of a run, in one transaction), handlers.py, steps.py and routes.py.
"""
