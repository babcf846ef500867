"""Reads a digit: python read_digit.py PICTURE. It needs ai-edge-litert, numpy and pillow."""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

ink = ImageOps.autocontrast(ImageOps.invert(Image.open(sys.argv[1]).convert("L")))
digit = ImageOps.contain(ink.crop(ink.point(lambda grey: 255 * (grey > 64)).getbbox()), (20, 20))
y, x = (round(14 - np.average(at, weights=digit)) for at in np.indices(digit.size[::-1]))
image = Image.new("L", (28, 28))  # as MNIST has them: 20 pixels large, its mass in the middle
image.paste(digit, (x, y))
network = Interpreter(str(Path(__file__).with_name("model.tflite")))
network.allocate_tensors()
(given,), (answer,) = network.get_input_details(), network.get_output_details()
network.set_tensor(given["index"], np.float32(image).reshape(given["shape"]) / 255)
network.invoke()
for number, share in enumerate(network.get_tensor(answer["index"])[0]):
    print(f"{number}: {share:.1%}")
