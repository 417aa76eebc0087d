"""What is bought together and what is popular, from the log: a process of its own, since counting takes its time.

In reading order: together.py (the counting, pure), baskets.py (the log as paid baskets), writing.py (into Redis), and
__main__.py. All of it is in memory and made anew from the log at a start; what Redis loses is written again.
"""
