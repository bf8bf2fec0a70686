"""Laws of a batch's gallery: one file, every job in it, its views whole, and nothing of a prompt is markup."""

import base64
import io
import re
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from sds3d.runs.gallery import VIEW, strip, write_gallery


def row(folder, **values):
    known = {"prompt": "a chair", "method": "sds", "scene": "nerf", "seed": 0, "status": "finished"}
    return known | {"seconds": 61.25, "error": "", "retry": "", "folder": folder} | values


def preview(folder, count=8, size=24):
    """preview.png of a run: grey above; below, views of which each has a brightness of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    lower = np.repeat(np.arange(count) * 30, size)[None, :, None] * np.ones((size, 1, 3))
    Image.fromarray(np.concatenate([lower * 0 + 128, lower]).astype(np.uint8)).save(
        folder / "preview.png"
    )


def page(rows, tmp_path):
    write_gallery(rows, tmp_path / "gallery.html")
    return (tmp_path / "gallery.html").read_text(encoding="utf-8")


def test_a_strip_holds_the_views_of_the_mesh_side_by_side(tmp_path):
    preview(tmp_path)
    jpeg, count = strip(tmp_path / "preview.png")
    image = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    assert (count, image.shape) == (8, (VIEW, 8 * VIEW))
    centres = image[VIEW // 2, VIEW // 2 :: VIEW].astype(int)
    assert np.abs(centres - np.arange(8) * 30).max() <= 3


@pytest.mark.parametrize("data", [None, b"", b"not a picture"])
def test_a_run_without_a_picture_is_in_the_gallery_too(tmp_path, data):
    if data is not None:
        (tmp_path / "preview.png").write_bytes(data)
    text = page([row(tmp_path, prompt="a lost chair")], tmp_path)
    assert "a lost chair" in text
    assert "no picture" in text


def test_the_page_needs_no_other_file_and_allows_no_request(tmp_path):
    preview(tmp_path / "run")
    text = page([row(tmp_path / "run")], tmp_path)
    assert "default-src 'none'; img-src data:;" in text
    assert not re.search(r"""(src|href)=["']?(https?:|//|/)""", text)
    assert "$" not in re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL)
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (8 * VIEW, VIEW)


def test_links_lead_from_the_page_to_the_files_that_exist(tmp_path):
    run = tmp_path / "a chair #1 100%" / "sds-0"
    run.mkdir(parents=True)
    (run / "report.html").write_text("report", encoding="utf-8")
    text = page([row(run)], tmp_path)
    (link,) = re.findall(r'href="([^"]+)"', text)
    assert (tmp_path / unquote(link)).samefile(run / "report.html")


def test_a_prompt_and_an_error_are_text_and_not_markup(tmp_path):
    evil = '"><script>alert(1)</script>$title'
    rows = [row(tmp_path, prompt=evil, status="failed", error=evil, retry=f"sds3d {evil}")]
    text = page(rows, tmp_path)
    assert text.count("<script>") == 1
    assert (
        text.count("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;$title") == 4
    )  # nor a place of the template


def test_every_job_is_a_card_with_what_is_sorted_by(tmp_path):
    rows = [row(tmp_path, seed=n, method=m) for n, m in enumerate(("sds", "vsd", "sds"))]
    text = page(rows, tmp_path)
    assert re.findall(r'data-number="(\d)"', text) == ["1", "2", "3"]
    assert re.findall(r'data-method="(\w+)"', text) == ["sds", "vsd", "sds"]
    assert text.count('data-seconds="61.25"') == 3
    assert "<option>sds<option>vsd</select>" in text
    assert '<select name="scene"><option value="">all</select>' in text  # there is only one


def test_a_failure_shows_its_reason_and_the_command_that_retries_it(tmp_path):
    failed = row(tmp_path, status="failed", error="it knows no 'flurb'", retry="sds3d generate x")
    text = page([failed, row(tmp_path)], tmp_path)
    assert "it knows no &#x27;flurb&#x27;" in text
    assert "<code>sds3d generate x</code>" in text
    assert "1 failed, 1 finished" in text
