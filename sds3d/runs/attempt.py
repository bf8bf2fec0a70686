"""One job of a batch, whose failure does not end the others."""

from __future__ import annotations

import time
import traceback
from typing import Any

from sds3d import files
from sds3d.errors import Sds3dError
from sds3d.runs.job import Job
from sds3d.runs.report import Report


def attempt(job: Job, report: Report) -> dict[str, Any]:
    """status, seconds and error of the job, which is run here.

    seconds: what the run took in all sessions, also when it was finished earlier.  The traceback of an
    unexpected error is written to FOLDER.error.txt.
    """
    from sds3d.runs.generate import generate

    start = time.monotonic()
    try:
        result = generate(job, report)
        return {
            "status": result.status,
            "seconds": round(sum(result.seconds.values()), 1),
            "error": "",
        }
    except Sds3dError as error:
        message = f"{error.message} ({error.fix})" if error.fix else error.message
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        trace = job.folder().with_name(f"{job.folder().name}.error.txt")
        try:
            trace.parent.mkdir(parents=True, exist_ok=True)
            files.write(trace, traceback.format_exc())
        except (OSError, Sds3dError):  # the disk may be what failed
            message += f" (the trace could not be written to '{trace}')"
    return failed(message, time.monotonic() - start)


def failed(message: str, seconds: float) -> dict[str, Any]:
    """The outcome of a job that did not end in a result."""
    return {"status": "failed", "seconds": round(seconds, 1), "error": message}
