"""
Load tests. Worker processes import parts of this package, so that nothing is imported here.
"""
