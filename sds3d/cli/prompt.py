"""Commands whose argument is a prompt."""

from __future__ import annotations

import shlex
from typing import Any

from typer.core import TyperCommand

from sds3d.errors import UsageError


class PromptCommand(TyperCommand):
    """A command whose argument is a prompt; explains how to quote one that was not."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the base class.  Raises UsageError when words are left over."""
        arguments = list(args)
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if ctx.args:
            settable = any("--set" in parameter.opts for parameter in self.params)
            setting = next((word for word in ctx.args if "=" in word), "")
            if setting and settable:
                raise UsageError(
                    f"unexpected argument '{setting}'", f"use --set {shlex.quote(setting)}"
                )
            raise _unquoted(ctx.command_path, ctx.params["prompt"], list(ctx.args), arguments)
        return rest


def _unquoted(command: str, prompt: str, extra: list[str], arguments: list[str]) -> UsageError:
    words = [prompt, *extra]
    options = list(arguments)
    for word in words:
        options.remove(word)
    line = [command, _quoted(" ".join(words)), *map(shlex.quote, options)]
    return UsageError("the prompt must be one argument, in quotes", " ".join(line))


def _quoted(text: str) -> str:
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
