"""The command line: one file for each command, with its flags and what it does.

May import all but `ui`. Each command imports what it needs when it runs, so that `predict` never
waits for TensorFlow.
"""
