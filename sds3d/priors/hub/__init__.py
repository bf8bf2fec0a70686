"""Models in the diffusers folder layout."""

MODEL_INDEX = "model_index.json"  # of a folder in the diffusers layout
