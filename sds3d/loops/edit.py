"""What an edit starts from, beside the scene that it changes."""

from __future__ import annotations

from dataclasses import dataclass

from sds3d.language.prompt import Prompt
from sds3d.scenes.scene import Scene


@dataclass(frozen=True)
class Source:
    """A scene that stays as it is, and the prompt that describes it."""

    scene: Scene
    prompt: Prompt
