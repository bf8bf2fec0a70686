"""Training sets for a neural prior: captioned objects, rendered unlit from many views.

`sources` lists objects (`builtin`, `sweethome3d`, `megaglest` with `g3d`, `folder`), `drawing` renders them,
`names`, `titles`, `swatches` and `captions` describe them, `shards` stores them; `build` and `lists` make a
complete set.  Training itself needs only `shards.load_training_set` and `captions.caption`.
"""
