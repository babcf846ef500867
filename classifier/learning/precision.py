"""The precision to train in."""

import os
from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")  # what it can do, as Linux says
_WITHOUT_BFLOAT16 = {  # of oneDNN's names for instruction sets
    "SSE41",
    "AVX",
    "AVX2",
    "AVX2_VNNI",
    "AVX2_VNNI_2",
    "AVX512_CORE",
    "AVX512_CORE_VNNI",
}


def policy() -> str:
    """Keras' policy: bfloat16 halves the work where the processor has it, float32 elsewhere.

    Where oneDNN is told to do without by ONEDNN_MAX_CPU_ISA, so does this:
    https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
    """
    try:
        flags = set(_PROCESSOR.read_text(encoding="utf-8").split())
    except OSError:  # no Linux: nothing says so
        flags = set()
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper() not in _WITHOUT_BFLOAT16
    native = flags & {"avx512_bf16", "amx_bf16"}
    return "mixed_bfloat16" if native and allowed else "float32"
