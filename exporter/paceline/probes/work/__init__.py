"""
Work, counted exactly: how often functions of the project are called during a test.
"""
