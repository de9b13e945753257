"""
Load tests. This module imports nothing, because worker processes import parts of the package.
"""
