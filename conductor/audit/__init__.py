"""The audit: the invariants I1 to I8, checked against the evidence itself and not against what a step says of it.

It reads stores, tables, ledger, warehouse and books, and writes nothing but files in its scratch folder.
"""

from conductor.audit.audit import Scope, audit
from conductor.audit.books import GroupBooks
from conductor.audit.evidence import Evidence
from conductor.audit.report import AuditReport, Finding, Invariant

__all__ = ["AuditReport", "Evidence", "Finding", "GroupBooks", "Invariant", "Scope", "audit"]
