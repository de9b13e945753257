"""
The SDK of OpenTelemetry: each of its providers hands its spans to us, too.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.patches import Patches
from paceline.probes.touch.traces.spans import Spans
from paceline.unpatched import UNPATCHED


def watch(module: ModuleType, spans: Spans, patches: Patches) -> None:
    """
    Add a processor to each provider that is made, and to the one that is in use already. It stays with the provider and
    hears nothing once hooks are off.
    """

    class Counting(module.SpanProcessor):  # type: ignore[name-defined]
        def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - as the SDK calls it
            spans.started(span)

        def on_end(self, span: Any) -> None:
            spans.ended(span)

    def watched(init: Any) -> Any:
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
            init(self, *args, **kwargs)
            self.add_span_processor(Counting())

        return __init__

    patches.wrap(module.TracerProvider, "__init__", watched)
    # The function that returns the tracer provider would create a missing one.
    provider = getattr(UNPATCHED.modules.get("opentelemetry.trace"), "_TRACER_PROVIDER", None)
    if isinstance(provider, module.TracerProvider):
        provider.add_span_processor(Counting())
    patches.on_restore(lambda: setattr(spans, "is_on", False))
