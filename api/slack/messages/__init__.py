"""Messages to Slack: blocks, escaping, streams, translations."""
