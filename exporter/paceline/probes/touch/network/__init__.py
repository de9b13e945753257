"""
Requests that a test sends.
"""
