"""The networks: the article's, exactly, and a small convolutional one."""

import numpy as np
import pytest

from classifier.config import JUDGES, NETWORKS, TrainConfig
from classifier.learning import networks


def test_every_network_that_is_offered_can_be_built():
    assert list(networks.BUILDERS) == [*NETWORKS, *JUDGES]


def test_dense_is_the_network_of_the_article():
    hidden, digits = networks.build(TrainConfig(network="dense")).layers
    assert type(hidden).__name__ == type(digits).__name__ == "Dense"
    assert (hidden.units, hidden.activation.__name__) == (512, "relu")
    assert (digits.units, digits.activation.__name__) == (10, "softmax")
    assert hidden.use_bias
    assert digits.use_bias


def test_dense_has_as_many_parameters_as_in_the_article():
    model = networks.build(TrainConfig(network="dense"))
    assert model.input_shape == (None, 784)
    assert model.count_params() == 784 * 512 + 512 + 512 * 10 + 10 == 407_050


def test_conv_is_small_and_has_no_batch_normalisation():
    model = networks.build(TrainConfig(network="conv"))
    assert model.input_shape == (None, 28, 28, 1)
    assert model.count_params() < networks.build(TrainConfig(network="dense")).count_params() / 2
    kinds = [type(layer).__name__ for layer in model.layers]
    assert "Conv2D" in kinds
    assert "BatchNormalization" not in kinds


@pytest.mark.parametrize("name", NETWORKS)
def test_the_description_says_how_many_parameters_there_are(name):
    count = networks.build(TrainConfig(network=name)).count_params()
    assert f"{count:,} parameters" in networks.BUILDERS[name].__doc__


@pytest.mark.parametrize("name", NETWORKS)
def test_dropout_is_on_the_last_hidden_units_and_only_when_asked_for(name):
    plain, dropping = (
        networks.build(TrainConfig(network=name, dropout=share)) for share in (0.0, 0.25)
    )
    kinds = [type(layer).__name__ for layer in dropping.layers]
    assert kinds[-2:] == ["Dropout", "Dense"]
    assert dropping.layers[-2].rate == 0.25
    assert [k for k in kinds if k != "Dropout"] == [type(la).__name__ for la in plain.layers]
    assert dropping.count_params() == plain.count_params()


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_ten_probabilities(name):
    model = networks.build(TrainConfig(network=name))
    inputs = np.random.default_rng(0).random((5, *model.input_shape[1:]), np.float32)
    rows = np.asarray(model(inputs))
    assert rows.shape == (5, 10)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(rows, axis=0).max() > 1e-3, "the answer must depend on the picture"


@pytest.mark.parametrize("allowed", [None, "DEFAULT", "AVX512_CORE_AMX", "avx512_core_bf16"])
@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_bfloat16_is_used_where_the_processor_has_it(tmp_path, monkeypatch, flag, allowed):
    monkeypatch.setattr(networks, "_PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"model name : one\nflags : fpu avx2 avx512f {flag} sse\n")
    if allowed is None:
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    else:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert networks.policy() == "mixed_bfloat16"


@pytest.mark.parametrize("flags", ["fpu avx2", "avx512f avx512bw", "not_avx512_bf16 bf16", None])
def test_float32_is_used_where_nothing_says_that_there_is_more(tmp_path, monkeypatch, flags):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(networks, "_PROCESSOR", tmp_path / "cpuinfo")
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    assert networks.policy() == "float32"


@pytest.mark.parametrize("allowed", ["AVX2", "AVX512_CORE", "avx512_core_vnni"])
def test_float32_is_used_where_onednn_must_do_without_bfloat16(tmp_path, monkeypatch, allowed):
    monkeypatch.setattr(networks, "_PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16 amx_bf16\n")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert networks.policy() == "float32"
