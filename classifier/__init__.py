"""Draw-a-digit classifier: pictures to network input, networks, training, saved models, serving."""
