"""The Slack bot: listens, asks as everybody does, and writes answers with their sources."""
