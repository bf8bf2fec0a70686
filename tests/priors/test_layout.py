"""Laws of reading a stranger's folder: nothing in it runs, and it is refused before its weights are read."""

import json
import shutil
import struct
import time
from pathlib import Path

import pytest
import tiny
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sds3d.errors import PriorError
from sds3d.priors.hub import headers, pretrained
from sds3d.priors.hub.headers import count_tensors, read_header

CPU = torch.device("cpu")
load = pretrained.load_pretrained.__wrapped__  # without its cache


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return tiny.pixels(tmp_path_factory.mktemp("pixels"))


@pytest.fixture
def folder(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "model"))


def edit(file, **values):
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | values), encoding="utf-8")


def remove_weights(folder):
    for file in folder.rglob("*.safetensors"):
        file.unlink()


def write_header(file, header, length=None, size=None):
    """A safetensors file of a header alone; length and size as declared, if they are to differ."""
    text = json.dumps(header).encode()
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text) if length is None else length) + text)
        stream.truncate(size or 8 + len(text))


def index(component, *entry):
    def change(folder):
        edit(folder / "model_index.json", **{component: list(entry)})

    return change


def config(file, **values):
    def change(folder):
        edit(folder / file, **values)

    return change


REFUSED_WITHOUT_WEIGHTS = {
    "a function": (index("unet", "transformers", "pipeline"), "which is not a network"),
    "a module": (index("unet", "diffusers", "models"), "which is not a network"),
    "an Auto class": (index("text_encoder", "transformers", "AutoModel"), "not a network"),
    "diffusers' AutoModel": (index("unet", "diffusers", "AutoModel"), "not a network"),
    "an Auto tokenizer": (index("tokenizer", "transformers", "AutoTokenizer"), "not a tokenizer"),
    "a network as scheduler": (
        index("scheduler", "diffusers", "AutoencoderKL"),
        "which is not a scheduler",
    ),
    "another library": (index("unet", "os", "system"), "asks for os.system as its unet"),
    "a submodule": (index("unet", "diffusers.utils", "os"), "asks for diffusers.utils.os"),
    "a number": (index("unet", "diffusers", 5), "does not name a class for unet"),
    "two lines": (index("unet", "diffusers", "a\nb"), "does not name a class for unet"),
    "three names": (index("unet", "diffusers", "a", "b"), "does not name a class for unet"),
    "another text encoder": (
        index("text_encoder", "transformers", "BertModel"),
        "has BertModel as its text_encoder; supported for Stable Diffusion 1 or 2: CLIPTextModel",
    ),
    "no tokenizer": (index("tokenizer", None, None), "has no tokenizer"),
    "code of the network": (
        config("text_encoder/config.json", auto_map={"AutoModel": "evil.Evil"}),
        r"text_encoder/config.json' asks for custom code",
    ),
    "code of the tokenizer": (
        config("tokenizer/tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]}),
        r"tokenizer/tokenizer_config.json' asks for custom code",
    ),
    "an adapter": (
        lambda f: (f / "text_encoder" / "adapter_config.json").write_text("{}", encoding="utf-8"),
        "is an adapter",
    ),
    "class labels": (config("unet/config.json", class_embed_type="timestep"), "a class label"),
    "image embeddings": (
        config("unet/config.json", addition_embed_type="image"),
        "the embedding of a picture",
    ),
    "an unhashable prediction": (
        config("scheduler/scheduler_config.json", prediction_type=["epsilon"]),
        "with \\['epsilon'\\]",
    ),
    "endless times": (
        config("scheduler/scheduler_config.json", num_train_timesteps=10**9),
        "num_train_timesteps = 1000000000 is not a whole number",
    ),
    "no size": (config("unet/config.json", sample_size=None), "does not specify the size"),
    "a size in words": (config("unet/config.json", sample_size="big"), "does not specify the size"),
    "nested JSON": (
        lambda f: (f / "unet" / "config.json").write_text("[" * 100_000, encoding="utf-8"),
        "cannot read .*unet/config.json",
    ),
    "a list": (
        lambda f: (f / "model_index.json").write_text("[]", encoding="utf-8"),
        "it is not a JSON object",
    ),
}


@pytest.mark.parametrize("case", REFUSED_WITHOUT_WEIGHTS)
def test_a_folder_is_refused_by_its_index_and_configurations_alone(case, folder):
    change, message = REFUSED_WITHOUT_WEIGHTS[case]
    change(folder)
    remove_weights(folder)
    with pytest.raises(PriorError, match=message) as caught:
        load(str(folder), CPU)
    assert caught.value.fix
    assert "\n" not in caught.value.message


def test_code_in_a_folder_is_never_run(folder, tmp_path):
    code = (
        f"open({str(tmp_path / 'canary')!r}, 'w')\nfrom transformers import CLIPTextModel as Evil\n"
    )
    for component in ("text_encoder", "tokenizer", "unet"):
        (folder / component / "evil.py").write_text(code, encoding="utf-8")
    edit(folder / "text_encoder" / "config.json", auto_map={"AutoModel": "evil.Evil"})
    with pytest.raises(PriorError, match="custom code"):
        load(str(folder), CPU)
    assert not (tmp_path / "canary").exists()


PICKLE = b"cos\nsystem\n(S'touch canary'\ntR."


def as_pickle(folder):
    remove_weights(folder / "text_encoder")
    (folder / "text_encoder" / "pytorch_model.bin").write_bytes(PICKLE)


def named_safetensors(folder):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(PICKLE)


def sharded(*shards):
    def change(folder):
        remove_weights(folder / "unet")
        (folder / "unet" / "x.bin").write_bytes(PICKLE)
        write_header(folder / "unet" / "x.safetensors", {})
        names = {f"weight{i}": shard for i, shard in enumerate(shards)}
        file = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
        file.write_text(json.dumps({"metadata": {}, "weight_map": names}), encoding="utf-8")

    return change


WEIGHTS = {
    "only pickles": (as_pickle, "has no .safetensors file; pickled weights are never opened"),
    "a pickle by another name": (named_safetensors, "is not a safetensors file"),
    "a pickle among the shards": (sharded("x.safetensors", "x.bin"), "names 'x.bin', which is not"),
    "a shard outside": (sharded("../vae/x.safetensors"), "names '../vae/x.safetensors'"),
    "a shard that is a number": (sharded(3), "names '3'"),
    "a shard that is missing": (sharded("y.safetensors"), "names 'y.safetensors'"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_are_read_only_from_complete_safetensors_files(case, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change, message = WEIGHTS[case]
    change(folder)
    with pytest.raises(PriorError, match=message) as caught:
        load(str(folder), CPU)
    assert caught.value.fix
    assert not (tmp_path / "canary").exists()


def test_a_header_lists_what_safetensors_itself_finds(original):
    from safetensors import safe_open

    file = original / "unet" / "diffusion_pytorch_model.safetensors"
    with safe_open(file, "pt") as tensors:
        names = set(tensors.keys())
    assert set(read_header(file)) == names
    assert count_tensors([file, file]) == 2 * len(names)


HEADERS = {
    "900,000 tensors": ({}, {"length": 900_000 * 64, "size": 900_000 * 64 + 8}, "is larger than"),
    "longer than the file": ({}, {"length": 2**63}, "not a safetensors file"),
    "a list": ([1], {}, "not a safetensors file"),
    "nested": (None, {}, "not a safetensors file"),
    "empty": (None, {}, "not a safetensors file"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_damaged_or_enormous_is_refused_at_once(case, tmp_path):
    content, declared, message = HEADERS[case]
    file = tmp_path / "x.safetensors"
    if case == "nested":
        file.write_bytes(struct.pack("<Q", 100_000) + b"[" * 100_000)
    elif case == "empty":
        file.touch()
    else:
        write_header(file, content, **declared)
    start = time.perf_counter()
    with pytest.raises(PriorError, match=message):
        count_tensors([file])
    assert time.perf_counter() - start < 1


def test_an_implausible_number_of_tensors_over_all_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(headers, "MOST_TENSORS", 100)
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    files = [tmp_path / f"{i}.safetensors" for i in range(2)]
    for i, file in enumerate(files):
        write_header(file, {f"{i}.{j}": entry for j in range(51)})
    assert count_tensors(files[:1]) == 51
    with pytest.raises(PriorError, match="more than 100 tensors"):
        count_tensors(files)


NAMES = st.sampled_from(
    ["diffusers", "transformers", "UNet2DConditionModel", "DDIMScheduler", "CLIPTextModel",
     "CLIPTokenizer", "AutoencoderKL", "AutoModel", "pipeline", "utils", "os", "__class__",
     "__doc__", "SD3Transformer2DModel", "Transformer2DModel", "EulerDiscreteScheduler",
     "StableDiffusionPipeline", "T5EncoderModel", "is_torch_available", "FlowMatchHeunDiscreteScheduler"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)
COMPONENTS = st.sampled_from(
    ["scheduler", "unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3",
     "tokenizer", "tokenizer_2", "_class_name", "_diffusers_version", "safety_checker"]
)  # fmt: skip
ENTRIES = st.dictionaries(COMPONENTS, st.lists(NAMES, min_size=2, max_size=2) | JSON, max_size=2)
CONFIG_KEYS = {
    "unet/config.json": ("sample_size", "addition_embed_type", "class_embed_type", "auto_map"),
    "scheduler/scheduler_config.json": (
        "prediction_type",
        "num_train_timesteps",
        "use_flow_sigmas",
        "beta_schedule",
        "trained_betas",
    ),
}


@pytest.fixture(scope="module")
def without_weights(original, tmp_path_factory):
    folder = Path(shutil.copytree(original, tmp_path_factory.mktemp("bare") / "model"))
    remove_weights(folder)
    return folder


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries=ENTRIES, file=st.sampled_from([None, *CONFIG_KEYS]), data=st.data())
def test_whatever_an_index_and_its_configurations_contain_one_line_says_why_the_model_is_refused(
    entries, file, data, without_weights
):
    names = ["model_index.json", *CONFIG_KEYS]
    texts = {name: (without_weights / name).read_text(encoding="utf-8") for name in names}
    try:
        edit(without_weights / "model_index.json", **entries)
        if file:
            values = st.dictionaries(st.sampled_from(CONFIG_KEYS[file]), JSON, max_size=2)
            edit(without_weights / file, **data.draw(values))
        with pytest.raises(PriorError) as caught:  # at the latest because there are no weights
            load(str(without_weights), CPU)
    finally:
        for name, text in texts.items():
            (without_weights / name).write_text(text, encoding="utf-8")
    assert caught.value.fix
    assert "\n" not in caught.value.message
