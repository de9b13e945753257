"""
The results of the test kit: what a benchmark, a load test or a leak test found, as values of the run document.
"""

from paceline.kit_results.benchmark import BenchmarkResult
from paceline.kit_results.database import DatabaseResult
from paceline.kit_results.kit_result import KitResult
from paceline.kit_results.leak import LeakResult
from paceline.kit_results.load import LoadResult
from paceline.kit_results.stress import StressResult

__all__ = ["AnyResult", "BenchmarkResult", "DatabaseResult", "KitResult", "LeakResult", "LoadResult", "StressResult"]

AnyResult = BenchmarkResult | DatabaseResult | LeakResult | LoadResult | StressResult
