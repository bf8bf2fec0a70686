"""The prompt as the user wrote it, and its checks."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from sds3d.errors import UsageError

LONGEST = 1000
SIDES = ("front", "side", "back", "overhead")  # the sides that words about a view can name


@dataclass(frozen=True)
class Prompt:
    """What to make, what to steer away from, and the path of an image prompt for methods that take one."""

    text: str
    negative: str = ""
    image: str = ""

    @property
    def slug(self) -> str:
        """A folder name of at most 60 characters, plain ASCII, with a hash of the whole prompt at its end."""
        plain = unicodedata.normalize("NFKD", self.text).encode("ascii", "ignore").decode().lower()
        words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:51].strip("-")
        more = f"\0{self.image}" if self.image else ""
        whole = f"{self.text}\0{self.negative}{more}".encode()
        return f"{words or 'prompt'}-{hashlib.sha256(whole).hexdigest()[:8]}"


def parse(text: str, negative: str = "", image: str = "") -> Prompt:
    """The checked prompt, with white space and control characters collapsed to single spaces.

    Raises UsageError when it is empty, longer than 1,000 characters, or not valid Unicode.
    """
    prompt = Prompt(_spaced(text), _spaced(negative), image)
    if not prompt.text:
        raise UsageError("the prompt is empty", 'say what to make: sds3d generate "a red armchair"')
    for name, value in (("prompt", prompt.text), ("negative prompt", prompt.negative)):
        if len(value) > LONGEST:
            raise UsageError(
                f"the {name} has {len(value):,} characters; at most {LONGEST:,} are read",
                "name the object, its colour and its material",
            )
        lone = next((c for c in value if unicodedata.category(c) == "Cs"), None)
        if lone:
            raise UsageError(
                f"the {name} holds half of a UTF-16 pair, U+{ord(lone):04X}, which is no character",
                "save the text as UTF-8 and try again",
            )
    return prompt


def _spaced(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
