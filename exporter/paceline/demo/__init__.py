"""
A suite that does not exist, and what its runs would have measured: for demonstrations and tests.
"""
