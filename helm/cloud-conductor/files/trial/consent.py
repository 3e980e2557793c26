"""Consent at the trial's sandbox for both of its companies. Repeats: a company that is connected stays as it is."""

import sys
from pathlib import Path

from conductor.cli.connecting import connect_company, consenting
from conductor.cli.session import opened
from conductor.sources.login import connection_name

with opened(Path("/home/conductor/workspace"), sys.argv[1]) as workspace:
    for realm in (workspace.settings.accounting_realm, workspace.settings.group_realm):
        if workspace.tokens.read(connection_name("quickbooks", realm)) is None:
            connect_company(workspace.tokens, workspace.settings, consenting(realm), seconds=60)
