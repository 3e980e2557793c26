"""The automations that are shipped do no harm, and a file that would is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.events.schemas.automations import Posture
from ruamel.yaml import YAML

from conductor.cli.shipped_automations import HEARTBEAT, read, trigger_of
from conductor.errors import FixTheConfiguration

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "k8s/automations.yaml"


def test_what_is_run_is_deployed() -> None:
    deployed = {each["name"] for each in YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]}
    assert {each.run.split("/")[1] for each in read(SHIPPED) if each.run} <= deployed


def test_a_run_is_silent_for_three_heartbeats_before_anyone_looks() -> None:
    silent = [
        each
        for each in read(SHIPPED)
        if trigger_of(each).posture is Posture.Proactive and HEARTBEAT in trigger_of(each).after
    ]
    assert [each.name for each in silent] == ["conductor-no-heartbeat"]
    assert trigger_of(silent[0]).within.total_seconds() >= 3 * 180


def test_no_automation_looks_at_pods_that_wait_for_a_node() -> None:
    assert not [each.name for each in read(SHIPPED) if "Unschedulable" in str(each.trigger)]


def test_runs_of_the_platforms_own_flows_start_no_further_ones() -> None:
    for each in read(SHIPPED):
        if "prefect.flow-run" in str(each.trigger["match"]):
            assert "prefect.tag.data" in str(each.trigger["match_related"]), each.name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("within: 540", "within: 90"), "takes runs for lost that are well"),
        (
            (
                "match: {prefect.resource.id: prefect.flow-run.*}",
                "match: {kubernetes.diagnosis: Unschedulable*}",
            ),
            "only wait for a node",
        ),
        (("threshold: 1", "treshold: 1"), "treshold"),
        (("  notify: ", "  notice: "), "notice"),
        (("posture: Proactive", "posture: Patient"), "conductor-no-heartbeat"),
        (("- name: conductor-late", "- name: conductor-crashed"), "more than once"),
        (("  run: scale-pools/scale\n", ""), "either runs a deployment or notifies"),
    ],
)
def test_a_file_that_would_do_harm_or_means_nothing_is_refused(
    change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "automations.yaml"
    text = SHIPPED.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(FixTheConfiguration, match=said):
        read(file)
