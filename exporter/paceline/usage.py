"""
The quantities that can be measured around a test.
"""

from paceline.values import OpenEnum


class UsageKey(OpenEnum):
    """
    What can be measured around a test; each is the name of its metric without the prefix.
    """

    CPU_SECONDS = "cpu_seconds"
    CPU_USER_SECONDS = "cpu_user_seconds"
    CPU_SYSTEM_SECONDS = "cpu_system_seconds"
    CHILDREN_CPU_USER_SECONDS = "children_cpu_user_seconds"
    CHILDREN_CPU_SYSTEM_SECONDS = "children_cpu_system_seconds"
    CPU_WAIT_SECONDS = "cpu_wait_seconds"
    MEMORY_PEAK_BYTES = "memory_peak_bytes"
    MEMORY_RETAINED_BYTES = "memory_retained_bytes"
    READ_BYTES = "read_bytes"
    WRITTEN_BYTES = "written_bytes"
    VOLUNTARY_CONTEXT_SWITCHES = "voluntary_context_switches"
    INVOLUNTARY_CONTEXT_SWITCHES = "involuntary_context_switches"
    GC_COLLECTIONS = "gc_collections"
    IMPORTED_MODULES = "imported_modules"
    THREADS_LEFT = "threads_left"
    PROCESSES_LEFT = "processes_left"
