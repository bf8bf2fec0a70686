"""The objectives: name -> "module:function", each a grad(prior, z, t, eps, cond, *, ...) with respect to z.

An objective that names one of SERVICES in its signature gets it from the loop: `student`; `rng`, the step's
generator; `fraction`, how much of the run is done; `t_low`, the lower bound on t at this step.  Its other
keyword parameters have no defaults and come from the recipe's [objective] table.
"""

OBJECTIVES = {
    "sds": "sds3d.objectives.sds:grad",
    "asd": "sds3d.objectives.asd:grad",
    "bsd": "sds3d.objectives.bsd:grad",
    "cds": "sds3d.objectives.cds:grad",
    "csd": "sds3d.objectives.csd:grad",
    "csm": "sds3d.objectives.csm:grad",
    "esd": "sds3d.objectives.esd:grad",
    "fvsd": "sds3d.objectives.fvsd:grad",
    "ism": "sds3d.objectives.ism:grad",
    "nfsd": "sds3d.objectives.nfsd:grad",
    "rfds": "sds3d.objectives.rfds:grad",
    "sdi": "sds3d.objectives.sdi:grad",
    "tsm": "sds3d.objectives.tsm:grad",
    "vsd": "sds3d.objectives.vsd:grad",
}  # the first is the default

SERVICES = ("student", "rng", "fraction", "t_low")
