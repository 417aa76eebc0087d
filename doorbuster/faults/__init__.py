"""Faults on purpose: real servers and processes are killed, stopped and cut off while orders flow; an oracle looks."""
