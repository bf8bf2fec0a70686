"""One page that shows a run: the object to turn around, numbers, pictures, the recipe."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template


def report(
    title: str,
    glb: bytes,
    *,
    pictures: Mapping[str, bytes],
    facts: Mapping[str, str],
    recipe: str,
) -> str:
    """An HTML page that needs no other file and no network; its policy lets nothing be loaded.

    glb: as `sds3d.mesh.formats.gltf.glb` writes it.  pictures: caption -> PNG.  facts: name -> value, a table.
    """
    rows = (f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in facts.items())
    figures = (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{_text(png)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, png in pictures.items()
    )
    page = Template(files("sds3d.runs").joinpath("report.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=escape(title),
        facts="\n".join(rows),
        pictures="\n".join(figures),
        recipe=escape(recipe),
        glb=_text(glb),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
