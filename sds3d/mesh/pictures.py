"""Images of the finished mesh: views, previews, contact sheets and turntables."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from sds3d import files
from sds3d.errors import ExportError
from sds3d.kernels.rasterize import project, rasterize
from sds3d.mesh.mesh import Mesh
from sds3d.views.cameras import Cameras
from sds3d.views.lighting import headlight

SUPERSAMPLE = 2
BACKGROUND = 0.93
LABEL_SIZE, GAP = 14, 4  # pixels
SHEET_PER_LABEL = 64  # a label is at least this part of the width of its sheet
CONSTANT_RATE = 10  # of H.264, from 0 (lossless) to 51


def render_mesh(mesh: Mesh, cameras: Cameras) -> np.ndarray:
    """A look at the exported mesh and its texture, (B, H, W, 3) uint8, lit from the camera and above."""
    return np.concatenate([_shade(mesh, cameras[i : i + 1]) for i in range(len(cameras))])


def _shade(mesh: Mesh, camera: Cameras) -> np.ndarray:
    height, width = camera.height * SUPERSAMPLE, camera.width * SUPERSAMPLE
    fine = camera.resized(height, width)
    vertices = torch.from_numpy(np.float32(mesh.vertices))
    normals = mesh.normals if mesh.normals is not None else np.zeros_like(mesh.vertices)
    texture = None if mesh.uv is None else mesh.base_color
    surface = mesh.colors if texture is None else mesh.uv
    if surface is None:
        surface = np.full_like(mesh.vertices, 0.7)
    attributes = torch.from_numpy(np.concatenate([normals, surface], 1).astype(np.float32))
    faces = torch.from_numpy(np.int32(mesh.faces))
    values, face, _ = rasterize(project(vertices, fine), faces, attributes, height, width)
    seen = face[0].numpy() >= 0
    values = values[0].numpy()[seen]
    normal, surface = values[:, :3], values[:, 3:]
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    to_camera = -fine.rays()[1][0].numpy()[seen]
    rgb = surface if texture is None else texels(texture, surface)
    image = np.full((height, width, 3), BACKGROUND, np.float32)
    image[seen] = (rgb * headlight(normal, to_camera)[:, None]).clip(0, 1)
    pooled = sum(
        image[i::SUPERSAMPLE, j::SUPERSAMPLE] for i, j in np.ndindex(SUPERSAMPLE, SUPERSAMPLE)
    )
    return np.rint(pooled * (255 / SUPERSAMPLE**2)).astype(np.uint8)[None]


def texels(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear samples in [0, 1] of a (H, W, 3) uint8 texture at uv (..., 2), origin top left."""
    height, width = texture.shape[:2]
    x = (uv[..., 0] * width - 0.5).clip(0, width - 1)
    y = (uv[..., 1] * height - 0.5).clip(0, height - 1)
    col, row = x.astype(int).clip(0, width - 2), y.astype(int).clip(0, height - 2)
    fx, fy = (x - col)[..., None], (y - row)[..., None]
    top = texture[row, col] * (1 - fx) + texture[row, col + 1] * fx
    bottom = texture[row + 1, col] * (1 - fx) + texture[row + 1, col + 1] * fx
    return (top * (1 - fy) + bottom * fy) / 255


def preview(views: np.ndarray, path: Path, columns: int = 8) -> None:
    """Writes the views (N, H, W, 3) uint8 as rows of `columns` images; a short last row ends white."""
    columns = min(columns, len(views))
    missing = np.full((-len(views) % columns, *views.shape[1:]), 255, np.uint8)
    views = np.concatenate([views, missing])
    rows = [np.concatenate(list(views[i : i + columns]), 1) for i in range(0, len(views), columns)]
    _save(Image.fromarray(np.concatenate(rows)), path)


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[np.ndarray]]], path: Path, columns: int = 2
) -> None:
    """Writes labelled rows of images, `columns` of them side by side.

    Labels grow with the sheet, which is shown scaled to the width of a page.
    """
    height, width = rows[0][1][0].shape[:2]
    cell = width * max(len(images) for _, images in rows) + GAP
    lines = -(-len(rows) // columns)
    size = max(LABEL_SIZE, cell * columns // SHEET_PER_LABEL)
    label_height = size + 8
    sheet = Image.new("RGB", (cell * columns, (height + label_height) * lines), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=size)
    for n, (label, images) in enumerate(rows):
        left, top = cell * (n % columns), (height + label_height) * (n // columns)
        draw.text((left + 6, top + 2), label, fill="black", font=font)
        for k, image in enumerate(images):
            sheet.paste(Image.fromarray(image), (left + k * width, top + label_height))
    _save(sheet, path)


def turntable(frames: np.ndarray, path: Path, frames_per_second: int) -> None:
    """Writes the frames (N, H, W, 3) uint8 as an H.264 film that every player opens.

    Odd sizes are scaled up by a pixel.  Raises ExportError when the disk refuses.
    """
    height, width = frames.shape[1:3]
    even = "scale=trunc((iw+1)/2)*2:trunc((ih+1)/2)*2"  # yuv420p halves the colours' resolution
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    source += ["-r", str(frames_per_second), "-i", "-"]
    target = ["-an", "-c:v", "libx264", "-crf", str(CONSTANT_RATE), "-pix_fmt", "yuv420p"]
    with files.replacing(path, ExportError) as temporary:
        encoder = subprocess.run(
            [ffmpeg(), "-v", "error", *source, "-vf", even, *target, str(temporary)],
            input=np.ascontiguousarray(frames).tobytes(),
            capture_output=True,
            start_new_session=True,  # Ctrl-C is for us: the encoder ends when its frames do
            check=False,
        )
        if encoder.returncode:
            lines = encoder.stderr.decode("utf-8", "replace").strip().splitlines()
            raise ExportError(
                f"ffmpeg could not write '{path}': {lines[-1] if lines else encoder.returncode}",
                "check the disk; 'sds3d doctor' shows which ffmpeg is used",
            )


def ffmpeg() -> str:
    """The path of the ffmpeg program.  Raises ExportError when there is none."""
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ExportError(
            "there is no ffmpeg for the turntable", "pip install --force-reinstall imageio-ffmpeg"
        ) from error


def _save(image: Image.Image, path: Path) -> None:
    with files.replacing(path, ExportError) as temporary:
        image.save(temporary, "png")
