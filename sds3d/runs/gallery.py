"""The gallery of a batch: one page that needs no other file, with an object's views, numbers and links each."""

from __future__ import annotations

import base64
import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files as resources
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from sds3d.files import write

VIEW = 168  # pixels of a view; cards are about as wide
QUALITY = 82  # of JPEG
LINKS = {"report": "report.html", "GLB": "mesh.glb"}


def write_gallery(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes the page of a batch's rows; links to the runs are relative to it.  Raises RunError."""
    template = Template(resources("sds3d.runs").joinpath("gallery.html").read_text("utf-8"))
    cards = "\n".join(_card(number, row, path.parent) for number, row in enumerate(rows, 1))
    counts = Counter(row["status"] for row in rows)
    text = template.substitute(
        title=escape(path.resolve().parent.name),
        summary=escape(", ".join(f"{count} {status}" for status, count in counts.items())),
        statuses=_choices(rows, "status"),
        methods=_choices(rows, "method"),
        scenes=_choices(rows, "scene"),
        cards=cards,
    )
    write(path, text)


def strip(picture: Path) -> tuple[bytes, int] | None:
    """(JPEG, number of views) of the mesh's views in a preview.png, side by side; None without such a file.

    The file has two rows of square views: the scene, and below it the mesh.
    """
    try:
        with Image.open(picture) as opened:
            image = opened.convert("RGB")
    except (OSError, UnidentifiedImageError):  # missing, or damaged
        return None
    count = max(1, round(2 * image.width / image.height))
    lower = image.crop((0, image.height // 2, image.width, image.height))
    stream = io.BytesIO()
    lower.resize((count * VIEW, VIEW)).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue(), count


def _choices(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """The options of a filter; none where all rows are the same."""
    values = sorted({str(row[name]) for row in rows})
    return "".join(f"<option>{escape(value)}" for value in values) if len(values) > 1 else ""


def _card(number: int, row: Mapping[str, Any], at: Path) -> str:
    prompt = str(row["prompt"])
    data = {"number": number} | {
        name: row[name] for name in ("prompt", "method", "scene", "status", "seconds")
    }
    attributes = "".join(f' data-{name}="{escape(str(value))}"' for name, value in data.items())
    facts = f"{row['method']}, {row['scene']}, seed {row['seed']}"
    problem = (
        f'<details><summary>why, and how to retry</summary><p class="problem">{escape(str(row["error"]))}</p>'
        f"<code>{escape(str(row['retry']))}</code></details>"
        if row["error"]
        else ""
    )
    return (
        f"<article{attributes}>{_views(Path(row['folder']), prompt)}<h2>{escape(prompt)}</h2>"
        f"<p>{escape(facts)}</p><p>{escape(str(row['status']))}, {row['seconds']:.1f} s</p>"
        f"<p>{_links(Path(row['folder']), at)}</p>{problem}</article>"
    )


def _views(folder: Path, prompt: str) -> str:
    made = strip(folder / "preview.png")
    if made is None:
        return '<div class="views none">no picture</div>'
    jpeg, count = made
    data = base64.b64encode(jpeg).decode("ascii")
    label = escape(f"{prompt}, from {count} sides")
    return (
        f'<div class="views" tabindex="0" style="--views: {count}">'
        f'<img alt="{label}" loading="lazy" src="data:image/jpeg;base64,{data}"></div>'
    )


def _links(folder: Path, at: Path) -> str:
    """Links to the run's files that exist."""
    links = []
    for name, file in LINKS.items():
        if (folder / file).is_file():
            target = quote(os.path.relpath(folder / file, at))
            links.append(f'<a href="{escape(target)}">{name}</a>')
    return " · ".join(links)
