"""`python -m sample`: serves the sample portal until it is interrupted."""

from __future__ import annotations

import argparse
import sys

from sample.server import serve


def main() -> None:
    """Reads the options and serves."""
    parser = argparse.ArgumentParser(prog="python -m sample", description="Serves the sample portal.")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--articles", type=int, default=200, help="how many articles there are (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same portal (default: 1)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that each answer waits (default: 0)")
    parser.add_argument("--faults", action="store_true", help="misbehave below /faults/ as well")
    parser.add_argument(
        "--no-procedures", dest="procedures", action="store_false", help="leave the procedure pages out"
    )
    options = parser.parse_args()
    sys.stderr.write(f"http://{options.host}:{options.port}/\n")
    serve(**vars(options))


if __name__ == "__main__":
    main()
