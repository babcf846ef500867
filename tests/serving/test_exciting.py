"""The pictures that excite units and maps most are those that brute force finds."""

import numpy as np

from classifier.serving import store
from classifier.serving.exciting import SHOWN, exciting
from classifier.serving.inspection import Inspector
from classifier.serving.tracing import Kind, Tracer


def test_the_most_exciting_pictures_and_where(tiny_arrays):
    images = tiny_arrays["x_train"][:100]
    for name in ("shipped-dense", "shipped-deep"):
        model = store.get(name)
        inspector = Inspector(model.tflite(), model.layers())
        tracer = Tracer(inspector)
        found = exciting(tracer, images)
        outputs = inspector.activations(images)
        assert len(found) == len(tracer.stages)
        assert found[0].which.shape == (0, SHOWN)
        for stage, one in zip(tracer.stages[1:], found[1:], strict=True):
            values = outputs[stage.name].reshape(len(images), -1, stage.count)
            for member in (0, stage.count - 1):
                peaks = values[:, :, member].max(axis=1)
                best = one.which[member]
                np.testing.assert_allclose(peaks[best], np.sort(peaks)[::-1][:SHOWN], atol=1e-6)
                if stage.kind is Kind.MAPS:
                    there = values[best, one.places[member], member]
                    np.testing.assert_allclose(there, peaks[best], atol=1e-6)


def test_few_pictures_are_all_there_is(tiny_arrays):
    model = store.get("shipped-dense")
    tracer = Tracer(Inspector(model.tflite(), model.layers()))
    assert exciting(tracer, tiny_arrays["x_train"][:2])[1].which.shape == (512, 2)
