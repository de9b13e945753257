"""
Two versions of the code run in turn on this machine.
"""
