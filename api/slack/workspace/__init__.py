"""A Slack workspace: installations, places, the client, access."""
