"""Whether Tesseract with its Vietnamese data is there to read scans."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

LANGUAGE = "vie"


@lru_cache(maxsize=1)
def missing() -> str | None:
    """What OCR lacks on this machine; None where it can run."""
    if shutil.which("tesseract") is None:
        return "OCR is not installed"
    try:
        told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, timeout=10, check=False)  # noqa: S607
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"OCR does not start: {error}"
    if LANGUAGE not in told.stdout.decode("utf-8", "replace").split():
        return "OCR has no Vietnamese data"
    return None
