"""Blender add-on: makes an object from a sentence with the `sds3d` command, and imports it.

Blender loads this folder from the zip that `sds3d blender-addon` writes.  The command runs as a process of its
own: nothing of the sds3d package is imported.
"""
# pyright: reportInvalidTypeForm=false, reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

from pathlib import Path

import bpy

from . import process

bl_info = {
    "name": "sds3d",
    "author": "The sds3d authors",
    "description": "Make a 3D object from a sentence",
    "version": (0, 1, 0),
    "blender": (4, 2, 0),
    "location": "3D View > Sidebar > sds3d",
    "category": "3D View",
}
PRESETS = ("draft", "laptop", "quality")
SCENES = ("nerf", "triplane", "splats", "mesh")
EVERY = 0.25  # seconds between looks at the process


class State:
    """What runs and what the panel says; it is gone when Blender is closed."""

    def __init__(self) -> None:
        self.running: process.Generation | None = None
        self.prompt = ""
        self.message = ""
        self.fix = ""


state = State()


class Preferences(bpy.types.AddonPreferences):
    """Where the command is and where runs are written."""

    bl_idname = __package__ or __name__
    command: bpy.props.StringProperty(
        name="sds3d command", default="sds3d", subtype="FILE_PATH",
        description="Path of the sds3d command, for example ~/venv/bin/sds3d",
    )  # fmt: skip
    folder: bpy.props.StringProperty(
        name="Output folder", default="~/sds3d", subtype="DIR_PATH",
        description="Runs are written below outputs/ in this folder",
    )  # fmt: skip

    def draw(self, context: bpy.types.Context) -> None:
        """Shows both."""
        self.layout.prop(self, "command")
        self.layout.prop(self, "folder")


class Settings(bpy.types.PropertyGroup):
    """What to make; saved with the scene."""

    prompt: bpy.props.StringProperty(name="Prompt", default="a red armchair")
    preset: bpy.props.EnumProperty(
        name="Preset", items=[(name, name, "") for name in PRESETS], default="laptop"
    )
    scene: bpy.props.EnumProperty(name="Scene", items=[(name, name, "") for name in SCENES])
    seed: bpy.props.IntProperty(name="Seed", min=0, description="Another seed, another object")


class Generate(bpy.types.Operator):
    """Make the object in the background, and import it when it is finished"""

    bl_idname = "sds3d.generate"
    bl_label = "Generate"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One run at a time."""
        return state.running is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Starts the process and the timer that looks after it."""
        wanted = context.scene.sds3d
        if not wanted.prompt.strip():
            return self.refuse("the prompt is empty", "write what to make")
        preferences = context.preferences.addons[__package__].preferences
        words = process.arguments(
            bpy.path.abspath(preferences.command),
            wanted.prompt, wanted.preset, wanted.scene, wanted.seed,
        )  # fmt: skip
        folder = Path(bpy.path.abspath(preferences.folder)).expanduser().absolute()
        try:
            state.running = process.Generation(words, folder)
        except OSError as error:
            fix = "set the sds3d command and the output folder in the add-on's preferences"
            return self.refuse(f"cannot start {words[0]}: {error}", fix)
        state.prompt = wanted.prompt
        state.message = state.fix = ""
        bpy.app.timers.register(look, first_interval=EVERY, persistent=True)
        return {"FINISHED"}

    def refuse(self, message: str, fix: str) -> set[str]:
        """Shows why nothing was started."""
        state.message = message
        state.fix = fix
        self.report({"WARNING"}, f"{message}; {fix}")
        return {"CANCELLED"}


class Cancel(bpy.types.Operator):
    """Save the run and stop it; a second time, end it at once"""

    bl_idname = "sds3d.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only a run can be cancelled."""
        return state.running is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sends the signal; the timer sees the end."""
        if state.running is not None:
            state.running.cancel()
        return {"FINISHED"}


class Panel(bpy.types.Panel):
    """The tab in the sidebar of the 3D view."""

    bl_idname = "SDS3D_PT_panel"
    bl_label = "sds3d"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "sds3d"

    def draw(self, context: bpy.types.Context) -> None:
        """Settings and buttons, below them what goes on or how it ended."""
        layout = self.layout
        for name in ("prompt", "preset", "scene", "seed"):
            layout.prop(context.scene.sds3d, name)
        running = state.running
        if running is None:
            layout.operator(Generate.bl_idname, icon="PLAY")
        else:
            layout.progress(factor=running.progress or 0.0, text=running.said)
            text = "Quit at once" if running.cancelled else "Cancel"
            layout.operator(Cancel.bl_idname, icon="CANCEL", text=text)
        for text, icon in ((state.message, "INFO"), (state.fix, "TOOL_SETTINGS")):
            if text:
                layout.label(text=text, icon=icon)


def look() -> float | None:
    """Looks at the process: seconds until the next look, or None when it has ended and was dealt with."""
    running = state.running
    if running is None:
        return None
    redraw()
    if running.is_running():
        return EVERY
    state.running = None
    path, state.message, state.fix = running.outcome()
    if path is not None:
        bring(path)
    return None


def bring(path: Path) -> None:
    """Imports the GLB and names its object after the prompt."""
    windows = bpy.context.window_manager.windows
    inside = {"window": windows[0]} if len(windows) else {}  # a timer has no window of its own
    before = set(bpy.data.objects)
    try:
        with bpy.context.temp_override(**inside):
            bpy.ops.import_scene.gltf(filepath=str(path))
    except (RuntimeError, AttributeError) as error:
        state.message = f"cannot import {path}: {' '.join(str(error).split())}"
        state.fix = "enable Blender's glTF 2.0 add-on, then File, Import, glTF 2.0"
        return
    for thing in set(bpy.data.objects) - before:
        if thing.type == "MESH":
            thing.name = state.prompt[:60]
    state.message = f"imported {path}"


def redraw() -> None:
    """Redraws the 3D views, so that the panel shows the progress."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


CLASSES = (Preferences, Settings, Generate, Cancel, Panel)


def register() -> None:
    """Adds the add-on to Blender."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.sds3d = bpy.props.PointerProperty(type=Settings)


def unregister() -> None:
    """Removes it; a run that is not finished saves and stops."""
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
    if state.running is not None:
        if state.running.is_running():
            state.running.cancel()
        state.running = None
    del bpy.types.Scene.sds3d
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
