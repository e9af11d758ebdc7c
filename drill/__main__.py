"""`python -m drill`: disturbs crawls of the sample portal in all ways, and says whether the laws held.

    python -m drill [--scenario kill] [--database sqlite] [--kills 200] [--pages 2000] [--seed 1] [--json]

The same seed draws the same moments, as far as a machine's own speed lets them be the same. The exit code is 1 where a
law was broken; the data folder is kept then, and named.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from drill import alerting, forks, scenarios
from drill.crawls import Site
from drill.forks import Forked
from drill.receiver import receiving
from drill.scenarios import HOLDS, Broken, Drill, Outcome
from drill.servers import PostgreSQL, small_disk
from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable

DATABASES = ("sqlite", "postgresql")
SCENARIOS = ("kill", "disk-full", "locked", "restart", "alerts")


def main() -> int:
    """Runs what was asked for; the exit code."""
    options = _options()
    forks.preload()
    chosen = [
        (scenario, database)
        for database in (DATABASES if options.database == "all" else (options.database,))
        for scenario in (SCENARIOS if options.scenario == "all" else (options.scenario,))
        if (scenario, database) != ("restart", "sqlite")  # it has no server
    ]
    outcomes = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        for scenario, database in chosen:
            bar = progress.add_task(f"{scenario}, {database}", total=_steps(scenario, options))
            folder = Path(tempfile.mkdtemp(prefix="congtin-drill-", dir=options.folder))
            outcome = Outcome(scenario=scenario, database=database)
            began = time.monotonic()
            try:
                _run(outcome, folder, options, lambda _word, bar=bar: progress.advance(bar))  # type: ignore[misc]
            except Broken as error:
                progress.stop()
                sys.stderr.write(f"{scenario}, {database}: BROKEN {error}\nWhat is left: {folder}\n")
                return 1
            outcome.seconds = round(time.monotonic() - began, 1)
            shutil.rmtree(folder)
            outcomes.append(outcome)
            if not options.json:
                progress.console.print(_told(outcome), highlight=False, soft_wrap=True)
    if options.json:
        print(json.dumps([asdict(one) for one in outcomes], indent=2))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenario", choices=[*SCENARIOS, "all"], default="all")
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pages", type=int, default=2000, help="how many articles the portal has")
    parser.add_argument("--times", type=int, default=12, help="how often the disk is full, or the server restarted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where data folders are made (default: the system's)")
    parser.add_argument("--no-mount", dest="mount", action="store_false", help="no small disk, but a limit on files")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _steps(scenario: str, options: argparse.Namespace) -> int:
    steps: dict[str, int] = {"kill": options.kills, "alerts": options.kills, "locked": len(HOLDS)}
    times: int = options.times
    return steps.get(scenario, times)


def _run(outcome: Outcome, folder: Path, options: argparse.Namespace, step: Callable[[str], None]) -> None:
    """One scenario on one database. Raises Broken."""
    folder.chmod(0o755)  # the server runs as a user of its own
    with ExitStack() as stack:
        full = outcome.scenario == "disk-full"
        disk = stack.enter_context(small_disk(folder / "disk", mount=options.mount)) if full else None
        room = folder / "disk" if disk else folder
        portal = stack.enter_context(running(articles=options.pages, seed=options.seed, delay=0.005, procedures=True))
        site = Site(data=room / "data", portal=portal)
        server = None
        if outcome.database == "postgresql":
            server = PostgreSQL(room / "postgresql")
            stack.callback(server.close)
            site.environment["CONGTIN_DATABASE_URL"] = server.address
        site.declare()
        chance = random.Random(f"{options.seed} {outcome.scenario} {outcome.database}")
        drill = Drill(site=site, outcome=outcome, chance=chance, server=server, step=step)
        if outcome.scenario == "kill":
            scenarios.kill(drill, kills=options.kills)
        elif outcome.scenario == "alerts":
            receiver = stack.enter_context(receiving(chance))
            site.environment |= receiver.environment | {"CONGTIN_GONE_HOURS": "0"}
            environment, log = site.variables(), site.data / "crawls.log"
            alerting.kill(drill, receiver, lambda *words: Forked(words, environment, log), kills=options.kills)
        elif disk:
            scenarios.full_disk(drill, disk, times=options.times)
        elif outcome.scenario == "locked":
            scenarios.locked(drill)
        elif server:
            scenarios.restarted(drill, server, times=options.times)


def _told(outcome: Outcome) -> str:
    by_count = sorted(outcome.disturbed.items(), key=lambda one: -one[1])
    disturbed = ", ".join(f"{count} × {what}" for what, count in by_count)
    note = f" ({outcome.note})" if outcome.note else ""
    return (
        f"{outcome.scenario}, {outcome.database}{note}: {sum(outcome.disturbed.values())} disturbances ({disturbed}; "
        f"{outcome.torn} files torn) in {outcome.seconds:.0f} s. {outcome.articles} articles, {outcome.versions} "
        f"versions, {outcome.documents} documents, {outcome.procedures} procedures, {outcome.events} events, "
        f"{outcome.captures} captures, {outcome.indexed} records in the index. "
        f"{_of_alerts(outcome.alerts)}all laws hold."
    )


def _of_alerts(counts: dict[str, int]) -> str:
    return f"Alerts: {', '.join(f'{count} {name}' for name, count in counts.items())}: " if counts else ""


if __name__ == "__main__":
    sys.exit(main())
