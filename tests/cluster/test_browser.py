"""Prefect's UI on the cluster, in a browser: from the login to the typed form, and from there to the story of the batch.

With CLUSTER_SCREENSHOTS set, the pictures of docs/how-to/install-on-kubernetes.md are taken anew.
"""

from __future__ import annotations

import os
from datetime import date

from playwright.sync_api import Page, Route
from servers.chart import ROOT
from servers.prefect_ui import browser, log_in, look_at_artifact, needs_chromium, open_form, submit

from .kube import Kube
from .nights import Night, Prefect, fresh_day
from .trial import Trial

PICTURES = ROOT / "docs" / "images"
TAKE = bool(os.environ.get("CLUSTER_SCREENSHOTS"))
SIZE = {"width": 1000, "height": 760}
UI = "http://127.0.0.1:4200"
"""Where the page says that it is; nothing has to listen there, see `patiently`."""
LENGTH = ("content-length", "content-encoding", "transfer-encoding")


@needs_chromium
def test_a_run_is_started_from_the_form_and_its_story_is_read(trial: Trial, prefect: Prefect) -> None:
    day = fresh_day(trial)
    with browser(viewport=SIZE) as tab:
        tab.page.route(f"{UI}/**", lambda route: patiently(prefect, route))
        log_in(tab.page, UI, ":".join(trial.auth))
        tab.page.goto(f"{UI}/deployments")  # without what it said to a stranger
        tab.page.get_by_text("At 02:00 AM every day").wait_for()
        picture(tab.page, "deployments")
        open_form(tab.page, UI)
        picture(tab.page, "custom-run")
        submit(tab.page, f"{day}")
        night = Night(trial, prefect, Kube(trial.flows), asked_for(prefect, day), day)
        assert night.ended() == "COMPLETED"
        look_at_artifact(tab.page, UI, night.id, f"{day}")
        picture(tab.page, "story")
        tab.page.unroute_all(behavior="ignoreErrors")
        assert tab.outside == []


def patiently(prefect: Prefect, route: Route) -> None:
    """Ask in Chromium's place: it drops what it asked for whenever a network interface of the machine comes or goes, and where the
    node is this machine, each pod has one. A forwarded port does not live long either under all that a page asks for at once.
    """
    asked = route.request
    headers = {name: value for name, value in asked.all_headers().items() if not name.startswith(":")}
    answer = prefect.pass_on(
        asked.method,
        asked.url.removeprefix(UI),
        headers | {"accept-encoding": "identity"},
        asked.post_data_buffer,
    )
    given = {name: value for name, value in answer.headers.items() if name not in LENGTH}
    route.fulfill(status=answer.status_code, headers=given, body=answer.content)


def asked_for(prefect: Prefect, day: date) -> str:
    """Give the id of the one run that was asked for with this day."""
    recent = prefect.ask("POST", "/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": 50})
    (run,) = [each["id"] for each in recent if each["parameters"].get("day") == f"{day}"]
    return run


def picture(page: Page, name: str) -> None:
    if TAKE:
        PICTURES.mkdir(exist_ok=True)
        page.wait_for_timeout(1000)  # until what moves has come to rest
        page.screenshot(path=PICTURES / f"{name}.png")
