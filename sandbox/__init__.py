"""HTTP servers that speak the accounting APIs, with seeded data and switchable faults."""
