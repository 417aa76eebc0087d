"""The words of the command line: each module here has `register(words)` and is light to import.

`register` adds a sub-parser and sets its default `run`, a function of the parsed arguments that returns the exit code.
"""
