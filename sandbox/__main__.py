"""Start a sandbox: `python -m sandbox quickbooks --port 8400 --seed 7 --home DIR`."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox.quickbooks.command import Credentials, serve
from sandbox.quickbooks.faults import Fault, Faults
from sandbox.quickbooks.oauth import Rotation
from sandbox.quickbooks.server import LOOPBACK


def main() -> None:
    """Read the command line and serve."""
    chosen = _arguments().parse_args()
    home: Path | None = chosen.home
    faults = Faults.by_seed(chosen.faults_seed) if chosen.faults_seed is not None else Faults()
    serve(
        lambda: datetime.now(UTC),
        Credentials.of(home),
        seed=chosen.seed,
        port=chosen.port,
        receipts_per_day=chosen.receipts,
        days=dict(chosen.day),
        huge=chosen.huge,
        rotation=chosen.rotation,
        access_token_uses=chosen.access_token_uses,
        state=chosen.state or (home / "quickbooks.json" if home else None),
        faults=Faults.single(chosen.fault) if chosen.fault else faults,
        host=chosen.host,
    )


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve an accounting API.")
    vendor = parser.add_subparsers(required=True).add_parser("quickbooks", help="QuickBooks Online")
    add = vendor.add_argument
    add(
        "--host",
        default=LOOPBACK,
        help="the address to listen on; beyond loopback no credentials are printed",
    )
    add("--port", type=int, default=0, help="the port; 0 takes a free one")
    add("--seed", type=int, default=7, help="the seed of all data and whims")
    add("--home", type=Path, help="a folder that keeps credentials and state over restarts")
    add("--state", type=Path, help="a state file elsewhere than in the home folder")
    add("--receipts", type=int, default=5000, help="receipts per day")
    add(
        "--day", type=_day, action="append", default=[], metavar="DATE=COUNT", help="another number for a day"
    )
    add("--huge", action="store_true", help="one line a day beyond what a binary float counts")
    add("--rotation", type=Rotation, default=Rotation.DAILY, choices=list(Rotation), help="of refresh tokens")
    add("--access-token-uses", type=int, help="end access tokens after so many requests")
    add("--fault", choices=[fault.value for fault in Fault], help="one fault, at the first request it fits")
    add("--faults-seed", type=int, help="a drawn schedule of faults")
    return parser


def _day(text: str) -> tuple[date, int]:
    day, _, count = text.partition("=")
    return date.fromisoformat(day), int(count)


if __name__ == "__main__":
    main()
