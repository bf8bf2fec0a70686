"""The objectives: name -> "module:function", each a grad(prior, z, t, eps, cond, *, ...) with respect to z.

One with a loss on the images returns `sds3d.objectives.context.Gradients`.
A keyword parameter named as a field of `sds3d.objectives.context.StepContext` comes from the loop; every
other one has no default and comes from the recipe's [objective] table.  The annotation of `prior` says what
the objective needs: `Prior`, or a protocol with a capability, such as `PriorWithDensity`.  That of `cond` is
`CondWithoutPerpNeg` for objectives without a form of Perp-Neg.
"""

OBJECTIVES = {
    "sds": "sds3d.objectives.sds:grad",
    "apfo": "sds3d.objectives.apfo:grad",
    "asd": "sds3d.objectives.asd:grad",
    "bridge": "sds3d.objectives.bridge:grad",
    "bsd": "sds3d.objectives.bsd:grad",
    "cds": "sds3d.objectives.cds:grad",
    "cfd": "sds3d.objectives.sds:grad",  # its noise and its times are policies of the loop
    "csd": "sds3d.objectives.csd:grad",
    "csm": "sds3d.objectives.csm:grad",
    "dds": "sds3d.objectives.dds:grad",
    "esd": "sds3d.objectives.esd:grad",
    "fvsd": "sds3d.objectives.fvsd:grad",
    "isd": "sds3d.objectives.isd:grad",
    "hifa": "sds3d.objectives.hifa:grad",
    "ism": "sds3d.objectives.ism:grad",
    "mvdream": "sds3d.objectives.mvdream:grad",
    "nfsd": "sds3d.objectives.nfsd:grad",
    "pds": "sds3d.objectives.pds:grad",
    "rfds": "sds3d.objectives.rfds:grad",
    "sdi": "sds3d.objectives.sdi:grad",
    "tsm": "sds3d.objectives.tsm:grad",
    "vsd": "sds3d.objectives.vsd:grad",
}  # the first is the default

EDITS = ("dds", "pds")  # those that compare with a source, and so can only edit

CONVERSIONS = {
    "pvd": "sds3d.objectives.pvd:Distillation",
}  # those that turn one scene into another, without a prior: the losses, with their numbers
