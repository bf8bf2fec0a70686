"""Headers of safetensors files, read and bounded before any library opens the file.

The format: 8 bytes with the length of a JSON object, that object with a tensor's dtype, shape and offsets for
each name, then the data.  https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from sds3d.errors import PriorError

MOST_HEADER_BYTES = 2**24
MOST_TENSORS = 50_000  # in the files of one network; SDXL's UNet has 1,680


def count_tensors(files: list[Path]) -> int:
    """The number of tensors in a network's safetensors files.

    Raises PriorError for a file that is not in the format, and for headers beyond the bounds above: parsing
    900,000 names takes the libraries a minute.
    """
    total = 0
    for file in files:
        total += len(read_header(file))
        if total > MOST_TENSORS:
            raise PriorError(
                f"'{file.parent}' has more than {MOST_TENSORS:,} tensors", "use another model"
            )
    return total


def read_header(file: Path) -> dict[str, dict]:
    """The dtype, shape and offsets of each tensor of a safetensors file, by name.  Raises PriorError."""
    fix = "download the model again, or save it with safe_serialization=True"
    not_safetensors = f"'{file}' is not a safetensors file"
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
            if length > size - 8:
                raise PriorError(not_safetensors, fix)
            if length > MOST_HEADER_BYTES:
                message = (
                    f"the header of '{file}' is larger than {MOST_HEADER_BYTES / 2**20:.0f} MB"
                )
                raise PriorError(message, "use another model")
            header = json.loads(stream.read(length))
    except OSError as error:
        raise PriorError(f"cannot read '{file}': {error.strerror}", fix) from error
    except (ValueError, RecursionError) as error:
        raise PriorError(not_safetensors, fix) from error
    if not isinstance(header, dict):
        raise PriorError(not_safetensors, fix)
    header.pop("__metadata__", None)
    return header
