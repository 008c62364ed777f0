"""Events from Slack: signatures, payloads, deduplication, order."""
