"""Which models answer, the training form, and the run that is on."""
