"""
Queries of a test, by library. The highest layer counts: a connection that an ORM opens is the ORM's.
"""
