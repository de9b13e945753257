"""
Runs in one SQLite file: of a results folder, or of an exporter.
"""
