"""Switch faults on in the bundled sandbox."""

from __future__ import annotations

import httpx

from conductor.errors import FixTheConfiguration


def break_sandbox(url: str, token: str, fault: str, times: int = 1) -> None:
    """Ask the sandbox for a fault in its next answers; an unknown one is `FixTheConfiguration` that lists those it knows."""
    answer = httpx.post(
        f"{url}/control/faults",
        json={"name": fault, "times": times},
        headers={"x-control-token": token},
        timeout=10,
        trust_env=False,
    )
    if answer.status_code != 200:
        raise FixTheConfiguration(f"the sandbox cannot do that: {answer.text.strip()[:300]}")
