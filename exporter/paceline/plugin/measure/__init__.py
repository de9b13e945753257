"""
Measuring each test in the process that runs it, once or again.
"""
