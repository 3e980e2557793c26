"""What sets an environment apart, read by `prefect deploy`."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from conductor.cli.environment import environment
from conductor.errors import FixTheConfiguration

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "k8s" / "environments").glob("*.toml")), ids=lambda path: path.name
)
def test_every_environment_shipped_is_whole(file: Path) -> None:
    assert all(environment(str(file)).values())


def test_the_folder_of_a_trial_is_the_one_that_the_command_is_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert environment(str(ROOT / "k8s/environments/local.toml"))["directory"] == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('workspace = "x"\ntimezone = "UTC"', "directory"),
        ('workspace = "x"\ntimezone = "UTC"\ndirectory = "/"\nregion = "eu"', "region"),
        ('workspace = 3\ntimezone = "UTC"\ndirectory = "/"', "workspace"),
        ('workspace = ""\ntimezone = "UTC"\ndirectory = "/"', "workspace"),
        ('workspace = "x"\ntimezone = "Mars/Base"\ndirectory = "/"', "Mars/Base"),
        ("workspace", "is not TOML"),
    ],
)
def test_a_file_that_says_too_little_too_much_or_nonsense_is_refused(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "environment.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FixTheConfiguration, match=said):
        environment(str(file))


@pytest.mark.parametrize("file", [None, "", "k8s/environments/nowhere.toml"])
def test_no_file_is_refused_with_what_to_type(file: str | None) -> None:
    with pytest.raises(FixTheConfiguration) as refused:
        environment(file)
    assert refused.value.next_command == "export CONDUCTOR_ENVIRONMENT=k8s/environments/local.toml"


def test_every_schedule_has_a_slug_by_which_it_is_changed_in_place() -> None:
    deployments = YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
    assert all(schedule["slug"] for each in deployments for schedule in each.get("schedules", []))
