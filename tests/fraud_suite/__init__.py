"""Attacks and good shoppers, written down by somebody who has not seen the fraud rules, to measure the rules with.

traces.py says what a trace is, people.py makes up who is in it; each kind of attack has its file, as have the good
shoppers (households.py, shoppers.py). replay.py plays traces through the real checks, report.py counts. Half of the
traces, chosen by a hash of their names, is for tuning; nobody tunes on the other half.
"""
