from collections.abc import MutableMapping
from typing import ClassVar

from paceline.usage import UsageKey

Usage = MutableMapping[str, float]


class Probe:
    """
    Measures one kind of usage around a test.

    The calls come in this order, once each, and in the thread that runs the test: `start_test`, setup,
    `start_call`, call, `stop_call`, teardown, `stop_test`. A test that is skipped or fails in its setup has no
    `start_call` and `stop_call`. Between `pause` and `resume`, which may come during setup, a fixture is made
    that outlives the test: what it takes is not the test's. `settle` may come after `stop_test`, when all that the test
    had is gone, and corrects what looked like its own until then. A probe writes only its `keys`, and leaves a key
    out where it cannot tell. After a step that raised, `reopen` comes before the next `start_test`: it takes hold again
    of files that a test closed or a fork left to another process. A probe may be used for many tests, one at a time,
    until `close`; nothing is called after that. A step at which a probe has nothing to do is left as it is here, and is
    not called.
    """

    keys: ClassVar[tuple[UsageKey, ...]] = ()

    @property
    def lost(self) -> tuple[UsageKey, ...]:
        """
        The keys that cannot be measured any more.
        """
        return ()

    def start_test(self) -> None: ...

    def start_call(self) -> None: ...

    def stop_call(self, usage: Usage) -> None: ...

    def stop_test(self, usage: Usage) -> None: ...

    def settle(self, usage: Usage) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def reopen(self) -> None: ...

    def close(self) -> None: ...
