"""
What a person reads: pure functions from a judged run and its past to lines.
"""
