"""
Runs by OTLP, the protocol of OpenTelemetry. Needs the extra `otlp`.
"""
