"""
Hits and misses of the caches that a test asks.
"""
