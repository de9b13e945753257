"""
The checks of `paceline doctor`: from the configuration to Grafana.
"""
