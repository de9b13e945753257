"""
What Paceline exposes to Prometheus.
"""
