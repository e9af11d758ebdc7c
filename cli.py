"""The `congtin` command. What it does is in `commands`; how it looks, in `console`."""

from __future__ import annotations

import os
import sys

import console
from commands import (
    app,
    archive,
    catalogue,
    channels,
    crawling,
    delivering,
    health,
    procedures,
    running,
    sources_app,
    watching,
)
from console import Exit

__all__ = [
    "app",
    "archive",
    "catalogue",
    "channels",
    "crawling",
    "delivering",
    "health",
    "main",
    "procedures",
    "running",
    "sources_app",
    "watching",
]


def main() -> None:
    """Runs the command. A fault of ours is one line and exit code 1, with CONGTIN_DEBUG a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("CONGTIN_DEBUG"):
            raise
        console.err.print(
            f"congtin: our fault: {type(error).__name__}: {error} (CONGTIN_DEBUG=1 shows where)", markup=False
        )
        sys.exit(int(Exit.OURS))


if __name__ == "__main__":
    main()
