"""
A small shop, the project of `live_gate.py`.
"""
