"""
Run a suite again and again in random order, to find tests that fail by chance or by what ran before them.
"""
