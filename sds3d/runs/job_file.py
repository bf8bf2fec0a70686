"""Files of jobs: one prompt per line (.txt), JSON objects (.jsonl, .json) or a table (.csv, .tsv)."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sds3d.errors import Sds3dError, UsageError, nearest
from sds3d.files import decode
from sds3d.priors import PRIORS
from sds3d.recipe import toml
from sds3d.runs.job import Job, imports, recipe_imports, require_trust, settled

FORBIDDEN = ("trust_recipe",)  # fields that a file must not set
KEYS = {field.name: str(field.type) for field in fields(Job) if field.name not in FORBIDDEN}
SUFFIXES = (".txt", ".jsonl", ".json", ".csv", ".tsv")
DELIMITERS = ",;\t"
YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
WHITESPACE = re.compile(r"\s*")
LARGEST = 64 * 2**20  # bytes

Row = tuple[str, dict[str, Any]]  # its position, and its values


def read_lines(path: Path) -> list[str]:
    """The prompts of a text file: no empty lines, no comments, which start the line or follow " # ".

    Raises UsageError.
    """
    return [line for _, line in _lines(_text(path))]


def read_jobs(
    path: Path,
    shared: Mapping[str, Any],
    methods: Sequence[str],
    seeds: Iterable[int],
    out: Path,
    *,
    trust_recipe: bool = False,
) -> list[Job]:
    """The jobs of a file: each row with each method and seed that it does not set itself.

    A row's keys are the fields of a Job and override `shared`; null and empty cells count as absent.  Run
    folders are inside `out`; a row's own `out` is relative to it.  Equal jobs are returned once.

    Raises UsageError naming file and entry, also for a row that imports code without `trust_recipe`.
    """
    seeds = list(seeds)
    jobs: dict[Job, str] = {}
    for place, row in _rows(path):
        where = f"'{path.name}', {place}"
        try:
            values = {key: _typed(key, value) for key, value in row.items() if value is not None}
            if "prompt" not in values:
                raise UsageError("no prompt", "give each entry a prompt")
            require_trust(_imports(values), "it", trust_recipe)
            for job in _combinations(values, shared, methods, seeds):
                jobs.setdefault(_placed(job, out), where)
        except Sds3dError as error:
            raise UsageError(f"{where}: {error.message}", error.fix) from error
    if not jobs:
        raise UsageError(f"'{path}' holds no prompts", "write one prompt per line")
    _require_own_folders(jobs)
    return list(jobs)


def _combinations(
    values: Mapping[str, Any],
    shared: Mapping[str, Any],
    methods: Sequence[str],
    seeds: Sequence[int],
) -> Iterator[Job]:
    """The row's jobs; its recipe, where it names one, decides the method and the scene."""
    own_method = (
        [values["method"]] if "method" in values else methods[: 1 if "recipe" in values else None]
    )
    for method in own_method:
        for seed in [values["seed"]] if "seed" in values else seeds:
            job = Job(**{**shared, **values, "method": method, "seed": seed})
            yield settled(job) if job.recipe else job


def place(job: Job, out: Path) -> Job:
    """The job with its folder inside `out`, if it names none."""
    return job if job.out else replace(job, out=str(out / job.slug / f"{job.kind}-{job.seed}"))


def _placed(job: Job, out: Path) -> Job:
    """The job with its folder inside `out`.  Raises UsageError for a folder that is not."""
    if not job.out:
        return place(job, out)
    folder = out / job.out
    inside = folder.resolve().is_relative_to(out.resolve())
    if not inside or folder.resolve() == out.resolve():
        raise UsageError(
            f"out = '{job.out}': not a folder inside '{out}'",
            "give a relative path, or another --out for the whole batch",
        )
    return replace(job, out=str(folder))


def _require_own_folders(jobs: Mapping[Job, str]) -> None:
    """Raises UsageError when two different jobs would write to one folder."""
    owners: dict[Path, str] = {}
    for job, where in jobs.items():
        folder = job.folder()
        if folder in owners:
            raise UsageError(
                f"{where}: the run folder '{folder}' is already used by {owners[folder]}",
                "give one of the two an 'out' or a seed of its own",
            )
        owners[folder] = where


def _imports(values: Mapping[str, Any]) -> list[str]:
    """What the values of a row would import: in the row, its overrides and its recipe file."""
    named = {key: values[key] for key in ("method", "scene", "recipe") if key in values}
    found = list(imports(named))
    for override in values.get("overrides", ()):
        key, _, value = override.partition("=")
        table: dict[str, Any] = {}
        toml.put(table, key.strip(), toml.read(value.strip()))
        found += imports(table)
    prior = values.get("prior", "")
    if isinstance(prior, str) and ":" in prior and prior.partition(":")[0] not in PRIORS:
        found.append(f"prior = {prior}")
    found += [f"format = {name}" for name in values.get("formats", ()) if ":" in name]
    recipe = values.get("recipe", "")
    if isinstance(recipe, str) and os.path.isfile(recipe):
        found += recipe_imports(recipe)
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"'{path}' is larger than {LARGEST / 2**20:.0f} MiB", "split the file")
        return decode(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"there is no file '{path}'", "give a file of prompts") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read '{path}': {reason}", "give a text file") from error


def _rows(path: Path) -> Iterator[Row]:
    """The position and the values of each entry.  Raises UsageError."""
    match path.suffix.lower():
        case ".txt":
            yield from (
                (f"line {number}", {"prompt": line}) for number, line in _lines(_text(path))
            )
        case ".jsonl" | ".json":
            yield from _json_rows(path)
        case ".csv" | ".tsv":
            yield from _table_rows(path)
        case suffix:
            raise UsageError(
                f"'{path}' is not {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
                if suffix
                else f"'{path}' has no suffix",
                f"name the file by its format: {', '.join(SUFFIXES)}",
            )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """(line number, line) pairs that are neither empty nor comments."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        prompt = re.split(r"(?:^|\s)#\s", f"{line.strip()} ")[0].strip()
        if prompt and not prompt.startswith("#"):
            yield number, prompt


def _json_rows(path: Path) -> Iterator[Row]:
    """Entries of JSON values one after the other: objects, texts (prompts), lists of these, or lists by name.

    The last are how libraries of prompts are published: {"train": ["a cat", ...], "test": [...]}.
    """
    text = _text(path)
    text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
    decoder, position, number = json.JSONDecoder(), 0, 0
    while True:
        space = WHITESPACE.match(text, position)
        position = space.end() if space else position
        if position == len(text):
            return
        line = text.count("\n", 0, position) + 1
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"'{path.name}', line {error.lineno}: not JSON ({error.msg})",
                "write one JSON object per line, without commas between them",
            ) from error
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits; deep nesting
            what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise UsageError(f"'{path.name}', line {line}: {what}", "simplify it") from error
        for part, entry in _entries(value):
            number += 1
            row = entry if isinstance(entry, dict) else {"prompt": entry}
            yield f"entry {number}{part}", row


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """(" of 'LIST'" or "", entry) of a value of JSON: itself, or what its lists hold."""
    splits = isinstance(value, dict) and value and value.keys().isdisjoint(KEYS)
    if splits and all(isinstance(entries, list) for entries in value.values()):
        for name, entries in value.items():
            yield from ((f" of {_short(name)}", entry) for entry in entries)
    else:
        yield from (("", entry) for entry in (value if isinstance(value, list) else [value]))


def _table_rows(path: Path) -> Iterator[Row]:
    """Entries of a table with a header; the delimiter is the one that the header uses most."""
    text = _text(path)
    declared = re.match(r"sep=(.)\r?\n", text)  # Excel's own line
    text = text[declared.end() :] if declared else text
    header = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    delimiter = declared[1] if declared else max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    number = 0
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not names:
                names = [name.lower() for name in values]
                repeated = next((name for name in names if names.count(name) > 1), None)
                if repeated is not None:
                    raise UsageError(
                        f"'{path.name}': two columns '{repeated}'", "remove or name one of them"
                    )
                continue
            number += 1
            while len(values) > len(names) and not values[-1]:
                values.pop()
            if len(values) > len(names):
                raise UsageError(
                    f"'{path.name}', entry {number}: {len(values)} values for {len(names)} columns",
                    "put a prompt that holds the delimiter in double quotes",
                )
            pairs = zip(names, values, strict=False)
            yield f"entry {number}", {name: value for name, value in pairs if value}
    except csv.Error as error:
        message = f"'{path.name}', line {reader.line_num}: {error}"
        raise UsageError(message, "correct that line") from error


def _typed(key: str, value: Any) -> Any:
    """A value in a file, as the type of the Job's field.  Raises UsageError."""
    if key not in KEYS:
        raise UsageError(f"unknown key '{key}'{nearest(str(key), KEYS)}", "correct the key")
    match KEYS[key]:
        case "int" | "int | None":
            return _whole(key, value)
        case "bool":
            if isinstance(value, str) and value.lower() in YES_NO:
                return YES_NO[value.lower()]
        case "tuple[str, ...]":
            return _texts(key, value)
    return value  # the Job refuses values of other types


def _whole(key: str, value: Any) -> int:
    """A whole number; spreadsheets write 3 as 3.0."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,20}(\.0*)?", value):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UsageError(f"{key} = {_short(value)}: not a whole number", "give a whole number")


def _texts(key: str, value: Any) -> tuple[str, ...]:
    """A list of texts; text is split at its commas, except those inside TOML lists; a table is KEY=VALUE."""
    if isinstance(value, str):
        comma = r",(?=[^\[\],]*=)" if key == "overrides" else ","
        value = [part.strip() for part in re.split(comma, value) if part.strip()]
    if isinstance(value, Mapping) and key == "overrides":
        plain = (str, bool, int, float, list)
        odd = next((name for name, v in value.items() if not isinstance(v, plain)), None)
        if odd is not None:
            raise UsageError(f"{key}.{odd} = {_short(value[odd])}: not a value", "correct it")
        value = [f"{name}={toml.write(v)}" for name, v in value.items()]
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise UsageError(f"{key} = {_short(value)}: not a list of texts", "correct it")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
