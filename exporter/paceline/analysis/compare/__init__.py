"""
Two groups of runs, test by test.
"""
