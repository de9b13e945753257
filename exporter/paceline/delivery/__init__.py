"""
Where runs go.
"""
