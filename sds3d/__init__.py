"""From a sentence to a 3D asset by score distillation.

    from sds3d.cli.console import Progress
    from sds3d.runs.generate import generate
    from sds3d.runs.job import Job

    with Progress() as progress:
        result = generate(Job("a red armchair", preset="draft"), progress)

Nothing is loaded by `import sds3d` itself.
"""


def __getattr__(name: str) -> str:
    """`__version__`, read from the installed package when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module 'sds3d' has no attribute '{name}'")
    from importlib.metadata import version

    return version("sds3d")
