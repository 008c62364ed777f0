"""The Model Context Protocol: tools to search, ask and open a source."""
