"""The objectives: name -> grad(prior, z, t, eps, cond, *, ...), the gradient with respect to z.

An objective that names `student` or `rng` in its signature gets it from the loop; its other keyword
parameters have no defaults and come from the recipe's [objective] table.
"""

from sds3d.objectives import sds, vsd

OBJECTIVES = {
    "sds": sds.grad,
    "vsd": vsd.grad,
}

SERVICES = ("student", "rng")
