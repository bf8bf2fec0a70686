"""Laws of models of the hub: what is downloaded and when, and what a user is told when it cannot be.

The hub's client is replaced by one that copies files from a folder, or that raises what the client raises.
"""

import json
import shutil
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors
import pytest
import tiny
import torch
from huggingface_hub.utils import hf_raise_for_status

from sds3d.errors import PriorError
from sds3d.priors import parse_prior
from sds3d.priors.hub import address, aliases, pretrained
from sds3d.priors.hub.download import find, unavailable
from sds3d.priors.hub.layout import Layout, choose_weights

CPU = torch.device("cpu")
HTTP = import_module(huggingface_hub.errors.HTTPError.__module__.partition(".")[0])  # of the client
load = pretrained.load_pretrained.__wrapped__  # without its cache


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return tiny.pixels(tmp_path_factory.mktemp("pixels"))


class Hub:
    """A hub that has the files of a folder as `owner/model`, and a cache."""

    def __init__(self, original, kept):
        self.original = original
        self.kept = kept
        self.asked = []
        self.failures = {}

    def files(self):
        return [f.relative_to(self.original) for f in self.original.rglob("*") if f.is_file()]

    def hf_hub_download(self, name, file, local_files_only=False, revision=None):
        path = self.kept / name / file
        if path.exists():
            return str(path)
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError("no")
        self.snapshot_download(name, [file], revision)
        return str(path)

    def snapshot_download(self, name, allow_patterns, revision=None):
        if name in self.failures:
            raise self.failures[name]
        self.asked += allow_patterns
        for path in self.files():
            if any(path.match(pattern) for pattern in allow_patterns):
                (self.kept / name / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.original / path, self.kept / name / path)

    def model_info(self, name, timeout, revision=None):
        if name in self.failures:
            raise self.failures[name]

    def list_repo_files(self, name, revision=None):
        return [path.as_posix() for path in self.files()]


@pytest.fixture
def hub(original, tmp_path, monkeypatch):
    hub = Hub(Path(shutil.copytree(original, tmp_path / "original")), tmp_path / "kept")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.hf_hub_download)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: hub)
    return hub


def edit(file, **values):
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | values), encoding="utf-8")


def test_a_model_that_is_refused_costs_two_small_files(hub):
    edit(hub.original / "unet" / "config.json", in_channels=9, out_channels=4)
    with pytest.raises(PriorError, match="'owner/model' has a UNet of 9 channels"):
        load("owner/model", CPU)
    assert hub.asked == ["model_index.json", "unet/config.json"]


def test_weights_are_downloaded_after_the_configurations_are_accepted_and_once(hub):
    (hub.original / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    assert load("owner/model", CPU).weights
    first = next(i for i, pattern in enumerate(hub.asked) if "safetensors" in pattern)
    assert hub.asked[:2] == ["model_index.json", "unet/config.json"]
    assert "text_encoder/*.json" in hub.asked[:first]
    assert [pattern for pattern in hub.asked[first:] if "index" not in pattern] == [
        "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
    ]
    hub.asked.clear()
    assert load("owner/model", CPU).weights
    assert not hub.asked


def in_half(folder, keep=False):
    """Saves the UNet's weights in half precision, beside the others or in their place."""
    from safetensors.torch import load_file, save_file

    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = {name: tensor.half() for name, tensor in load_file(file).items()}
    save_file(tensors, file.with_name("diffusion_pytorch_model.fp16.safetensors"), {"format": "pt"})
    if not keep:
        file.unlink()


def test_a_model_in_half_precision_alone_is_used_in_single(hub):
    exact = load(str(hub.original), CPU)
    in_half(hub.original)
    for name in ("owner/model", str(hub.original)):
        prior = load(name, CPU)
        assert prior.dtype is torch.float32
        assert "unet/diffusion_pytorch_model.fp16.safetensors" in prior.weights
        for a, b in zip(prior.denoiser.parameters(), exact.denoiser.parameters(), strict=True):
            assert torch.equal(a, b.half().float())


@pytest.mark.parametrize(
    ("dtype", "file"), [("float16", ".fp16"), ("float32", ""), ("bfloat16", "")]
)
def test_of_both_precisions_only_the_one_that_is_used_is_downloaded_and_recorded(dtype, file, hub):
    in_half(hub.original, keep=True)
    prior = load("owner/model", CPU, dtype=dtype)
    name = f"unet/diffusion_pytorch_model{file}.safetensors"
    assert [path for path in hub.asked if path.startswith("unet/diff")] == [name]
    assert {path for path in prior.weights if path.startswith("unet")} == {name}


PLAIN = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
FP16 = ["model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors"]
OTHERS = ["model.non_ema.safetensors", "model.bf16.safetensors", "model.bin", "config.json"]


@pytest.mark.parametrize("half", [False, True])
def test_shards_and_their_indices_belong_to_their_precision(half):
    indices = ["model.safetensors.index.json", "model.safetensors.index.fp16.json"]
    chosen = choose_weights([*PLAIN, *FP16, *OTHERS, *indices], half=half)
    assert list(chosen.files) == (FP16 if half else PLAIN)
    assert chosen.indices == (indices[half],)
    late = ["model-00001-of-00001.fp16.safetensors"]
    assert list(choose_weights([*late, *OTHERS], half=half).files) == late
    assert not choose_weights(OTHERS, half=half).files


def response(status, code="", message="", path="/api/models/owner/model"):
    """What the hub's client raises for an answer of the hub."""
    request = HTTP.Request("GET", f"https://huggingface.co{path}")
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    answer = HTTP.Response(status, headers={k: v for k, v in headers.items() if v}, request=request)
    with pytest.raises(huggingface_hub.errors.HfHubHTTPError) as caught:
        hf_raise_for_status(answer)
    return caught.value


def behind(cause):
    """An exception with a cause, as the client wraps what it met."""
    error = huggingface_hub.errors.LocalEntryNotFoundError("An error happened")
    error.__cause__ = cause
    return error


ERRORS = {
    "gone": (lambda: response(404, "RepoNotFound"), "gone from the hub", "diffusers:FOLDER"),
    "private": (lambda: response(401, "RepoNotFound"), "private and you are not", "hf auth login"),
    "gated": (
        lambda: response(401, "GatedRepo", path="/owner/model/resolve/main/model_index.json"),
        "is gated, and you are not logged in",
        "accept the licence at https://huggingface.co/owner/model, then: hf auth login",
    ),
    "licence": (
        lambda: response(403, "GatedRepo", path="/owner/model/resolve/main/model_index.json"),
        "you have not accepted its licence",
        "accept the licence at https://huggingface.co/owner/model",
    ),
    "behind": (lambda: behind(response(403, "GatedRepo")), "is gated", "accept the licence"),
    "revision": (lambda: response(404, "RevisionNotFound"), "no revision 'v9'", "/commits"),
    "file": (lambda: response(404, "EntryNotFound"), "has no model_index.json", "Diffusers"),
    "disabled": (
        lambda: response(403, message="Access to this resource is disabled."),
        "was disabled by the hub",
        "diffusers:FOLDER",
    ),
    "token": (
        lambda: response(401, message="Invalid credentials in Authorization header"),
        "your token is not valid",
        "hf auth login",
    ),
    "busy": (lambda: response(503), "it answers 503", "try later"),
    "many": (lambda: response(429), "it answers 429", "try later"),
    "offline": (
        lambda: behind(huggingface_hub.errors.OfflineModeIsEnabled("offline")),
        "offline mode is on",
        "unset HF_HUB_OFFLINE",
    ),
    "slow": (lambda: HTTP.ConnectTimeout("timed out"), "did not answer in time", "try again"),
    "unreachable": (lambda: behind(ConnectionError("no route")), "cannot be reached", "network"),
    "name": (
        lambda: huggingface_hub.errors.HFValidationError("bad"),
        "is not a name of the hub",
        "OWNER/MODEL",
    ),
    "other": (lambda: OSError("disk on fire"), "disk on fire", "correct the name"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_what_the_hubs_client_raises_becomes_a_line_with_its_fix(case, hub):
    make, what, fix = ERRORS[case]
    hub.failures["owner/model"] = make()
    with pytest.raises(PriorError) as caught:
        find("owner/model@v9")
    assert what in caught.value.message
    assert fix in caught.value.fix
    assert "\n" not in caught.value.message


def test_a_withdrawn_name_is_answered_with_its_copy(hub):
    for alias, told in aliases().items():
        for name in told.withdrawn:
            for status in (401, 404):
                error = unavailable(name, "", response(status, "RepoNotFound"))
                assert f"diffusers:{alias}," in error.fix


def test_the_models_of_a_short_name_are_tried_in_order_those_in_the_cache_first(hub):
    first, second, third = aliases()["sd15"].models
    hub.failures[first] = response(404, "RepoNotFound")
    assert find("sd15").source == second
    shutil.copytree(hub.kept / second, hub.kept / third)
    shutil.rmtree(hub.kept / second)
    hub.asked.clear()
    assert find("sd15").source == third
    assert not hub.asked


def test_when_no_model_of_a_short_name_can_be_had_each_reason_is_given(hub):
    first, second = aliases()["sd3"].models
    hub.failures = {first: response(401, "GatedRepo"), second: response(404, "RepoNotFound")}
    with pytest.raises(PriorError) as caught:
        find("sd3")
    for text in (f"'{first}' is gated", f"'{second}' is gone"):
        assert text in caught.value.message
    assert f"https://huggingface.co/{first}" in caught.value.fix


def test_short_names_are_those_that_the_documents_list():
    assert {"sd15", "sd21", "sdxl", "sd3", "if"} <= aliases().keys()
    page = Path(__file__).parents[2] / "docs" / "priors.md"
    for alias, told in aliases().items():
        assert f"`{alias}`" in page.read_text(encoding="utf-8")
        assert told.models
        for name in (*told.models, *told.withdrawn):
            assert address(name).models == (name,)


def test_an_address_is_a_folder_or_a_name_with_a_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert address("owner/model@v1.0").revision == "v1.0"
    assert address("sd15@abc").models == aliases()["sd15"].models
    assert [address(x) for x in ("", "owner", "owner/model@", "a/b/c")] == [None] * 4
    (tmp_path / "owner" / "model").mkdir(parents=True)
    assert address("owner/model").folder == Path("owner/model")
    with pytest.raises(PriorError, match="did you mean 'sd15'"):
        parse_prior("diffusers:sd1.5")
    (tmp_path / "owner" / "m.safetensors").write_bytes(b"")
    assert address("owner/m.safetensors") is None


def test_the_list_of_short_names_is_plain_toml():
    file = Path(pretrained.__file__).with_name("models.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8")).values()
    assert all(table.keys() <= {"pipeline", "models", "withdrawn"} for table in tables)


def test_a_local_folder_needs_no_hub(original, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert isinstance(find(str(original)), Layout)
