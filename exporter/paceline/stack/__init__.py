"""
The whole chain on one machine, without containers: the exporter, Prometheus and Alertmanager.
"""
