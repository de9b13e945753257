"""
What several tests need.
"""
