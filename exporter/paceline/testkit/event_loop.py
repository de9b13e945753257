"""
Whether an event loop runs. Apart from what each session imports, as asyncio takes as long to import as all of that.
"""

from asyncio import get_running_loop


def is_in_event_loop() -> bool:
    """
    Whether the caller runs in an event loop, in which no second one can be started.
    """
    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True
