"""Runs of an installation whose shipped contracts say something else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from unittest.mock import patch

from pipeline.runs import Errand, carry
from pipeline.site import PRODUCT, Ended, Site

import conductor.workspace


@dataclass(frozen=True)
class Installation:
    """A folder that stands where the shipped products stand."""

    root: Path

    def change_contract(self, old: str, new: str) -> None:
        """Put another text in one place of the nightly product's contract."""
        file = self.root / "products" / PRODUCT / "contract.odcs.yaml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the contract"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, here: Site, day: date, **settings: object) -> Ended:
        """Run the nightly flow on a site to its end, whatever it is; the run's process sees these products."""
        with patch("pipeline.site.carry", partial(carry_with, self.root)):
            running = here.start(day, **settings)
        return running.wait()


def carry_with(root: Path, errand: Errand) -> None:
    """Run an errand in a process of its own, which reads its products below `root`."""
    conductor.workspace.ROOT = root
    carry(errand)


def installed(folder: Path) -> Installation:
    """Make an installation with the products as they are."""
    shutil.copytree(conductor.workspace.ROOT / "products", folder / "products")
    return Installation(folder)
