"""Training sets for a neural prior: captioned objects drawn without light from many sides.

`sources` finds objects (`builtin`, `sweethome3d`, `megaglest` with `g3d`, `folder`), `soup` and `drawing` make
pictures of them, `names`, `titles`, `swatches` and `captions` their words, `shards` their files, `build` and
`lists` the whole.  `shards.load` and `captions.caption` are what training needs.
"""
