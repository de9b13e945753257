"""
The context of OpenTelemetry: while a test runs, its span is the current one wherever the application has none.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.patches import Patches
from paceline.probes.touch.traces.test_span import TestSpan
from paceline.unpatched import UNPATCHED


def watch(module: ModuleType, test_span: TestSpan, patches: Patches) -> None:
    """
    Replace the function that gives the current context.

    A context that was attached when the test began would be seen neither in threads nor in the loops of fixtures of a
    wider scope, which keep that of the test which made them.
    """

    def watched(get_current: Any) -> Any:
        def get() -> Any:
            found = get_current()
            if not test_span.is_on:
                return found
            api: Any = UNPATCHED.modules.get("opentelemetry.trace")
            # It imports this module, and may not be ready.
            parent = test_span.parent(api) if hasattr(api, "set_span_in_context") else None
            if parent is None:
                return found
            known = api.get_current_span(found)
            is_own = known.get_span_context().is_valid and not test_span.is_of_a_test(known)
            return found if is_own else api.set_span_in_context(parent, found)

        return get

    patches.wrap(module, "get_current", watched)
