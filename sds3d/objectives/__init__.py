"""The objectives: name -> grad(prior, z, t, eps, cond, *, ...), the gradient with respect to z.

An objective that names one of SERVICES in its signature gets it from the loop: `student`; `rng`, the step's
generator; `fraction`, how much of the run is done; `t_low`, the lower bound on t at this step.  Its other
keyword parameters have no defaults and come from the recipe's [objective] table.
"""

from collections.abc import Callable
from importlib import import_module

from torch import Tensor

from sds3d.errors import RecipeError, nearest
from sds3d.objectives import asd, bsd, cds, csd, csm, esd, fvsd, ism, nfsd, rfds, sdi, sds, tsm, vsd

OBJECTIVES = {
    "sds": sds.grad,
    "vsd": vsd.grad,
    "esd": esd.grad,
    "asd": asd.grad,
    "ism": ism.grad,
    "tsm": tsm.grad,
    "csd": csd.grad,
    "csm": csm.grad,
    "bsd": bsd.grad,
    "cds": cds.grad,
    "nfsd": nfsd.grad,
    "sdi": sdi.grad,
    "rfds": rfds.grad,
    "fvsd": fvsd.grad,
}

SERVICES = ("student", "rng", "fraction", "t_low")


def find(name: str) -> Callable[..., Tensor]:
    """The objective of that name, or the function at "package.module:function".

    Raises RecipeError for a name that is neither; an outside module's own ImportError is shown as it is.
    """
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise RecipeError(
            f"objective.name: unknown '{name}'{nearest(name, OBJECTIVES)}",
            'take one of these, or your own as "package.module:function"',
        )
    found = getattr(import_module(module), function, None)
    if found is None:
        raise RecipeError(f"objective.name: '{module}' has no '{function}'", "correct the name")
    return found
