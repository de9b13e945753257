"""
Runs by OTLP over HTTP, the protocol of OpenTelemetry. Needs the extra `otlp`.

The messages are built from the protocol's own types. The SDK's instruments fold everything beyond 2,000 sets of labels
into one and stamp it with the time at which they are read, and its exporters need three times the CPU and fifteen times
the memory for points that have the same labels.
"""
