"""bfloat16 where the processor has it, float32 elsewhere."""

from __future__ import annotations

import pytest

from classifier.learning import precision


@pytest.mark.parametrize("allowed", [None, "DEFAULT", "AVX512_CORE_AMX", "avx512_core_bf16"])
@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_bfloat16_is_used_where_the_processor_has_it(tmp_path, monkeypatch, flag, allowed):
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"model name : one\nflags : fpu avx2 avx512f {flag} sse\n")
    if allowed is None:
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    else:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert precision.policy() == "mixed_bfloat16"


@pytest.mark.parametrize("flags", ["fpu avx2", "avx512f avx512bw", "not_avx512_bf16 bf16", None])
def test_float32_is_used_where_nothing_says_that_there_is_more(tmp_path, monkeypatch, flags):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "cpuinfo")
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    assert precision.policy() == "float32"


@pytest.mark.parametrize("allowed", ["AVX2", "AVX512_CORE", "avx512_core_vnni"])
def test_float32_is_used_where_onednn_must_do_without_bfloat16(tmp_path, monkeypatch, allowed):
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16 amx_bf16\n")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert precision.policy() == "float32"
