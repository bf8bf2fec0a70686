"""The training of the embedded prior: lit and recoloured views, the loop, samples and scores."""
