"""A QuickBooks Online to try things on: two companies, the API's HTTP, and faults that can be switched on."""

from sandbox.quickbooks.command import Credentials, serve
from sandbox.quickbooks.faults import Fault, Faults
from sandbox.quickbooks.oauth import Rotation
from sandbox.quickbooks.server import Sandbox
from sandbox.quickbooks.service import GROUP, SHOP

__all__ = ["GROUP", "SHOP", "Credentials", "Fault", "Faults", "Rotation", "Sandbox", "serve"]
