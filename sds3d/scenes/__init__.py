"""3D scenes that can be rendered and optimised: name -> "module:class".

The names can be read without torch; `sds3d.recipe.build` imports the one that a recipe names.
"""

SCENES = {
    "nerf": "sds3d.scenes.volume:NerfScene",
    "triplane": "sds3d.scenes.volume:TriplaneScene",
    "splats": "sds3d.scenes.splats:SplatScene",
    "mesh": "sds3d.scenes.mesh:MeshScene",
}  # the first is the default
