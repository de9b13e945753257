"""
Where runs are kept, and where past runs come from.
"""
