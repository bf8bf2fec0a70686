"""Not run: pyright checks that each prior fulfils the contract, and has the capabilities that it claims."""

from sds3d.diffusion.prior import AdaptablePrior, HasMembers, Prior, PriorWithDensity
from sds3d.priors.embedded.prior import EmbeddedPrior
from sds3d.priors.exact.prior import ExactPrior
from sds3d.priors.hub.prior import DiffusionPrior


def exact(prior: ExactPrior) -> tuple[Prior, PriorWithDensity, HasMembers]:
    return prior, prior, prior


def hub(prior: DiffusionPrior) -> tuple[Prior, AdaptablePrior]:
    return prior, prior


def embedded(prior: EmbeddedPrior) -> tuple[Prior, AdaptablePrior]:
    return prior, prior
