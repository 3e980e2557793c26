"""Object stores behind one small protocol. Pick a kind; the class behind it is not yours to name."""

from conductor.stores.catalog import StoreKind, open_store
from conductor.stores.credentials import Credentials

__all__ = ["Credentials", "StoreKind", "open_store"]
