"""
Load tests.
"""

from paceline.testkit.load.endpoint import Endpoint
from paceline.testkit.load.run import load_test

__all__ = ["Endpoint", "load_test"]
