"""
The test kit: functions with which people write performance tests.
"""
