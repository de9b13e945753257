"""
`paceline serve`: receives runs, keeps them, and exposes them to Prometheus.
"""
