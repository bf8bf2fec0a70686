"""Frozen diffusion models, each fulfilling the contract of `sds3d.diffusion.prior`."""

PRIORS = ("exact", "embedded", "diffusers")
