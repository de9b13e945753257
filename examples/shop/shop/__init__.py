"""
A tiny shop: a catalogue, a cart, orders and a JSON API, on the standard library alone.
"""
