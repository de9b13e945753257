"""
What all that speak HTTP to a server have in common.
"""
