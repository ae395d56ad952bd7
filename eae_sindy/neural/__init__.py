"""Networks, objectives and samplers: the only room that imports TensorFlow."""

import os

# Before TensorFlow is first imported: its start-up messages are not this tool's to print.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
