"""Facts for other systems: from the ledger's outbox at least once, into inboxes that take each once."""
