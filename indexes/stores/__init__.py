"""Where Chroma's snapshots lie: folders of embedded Chroma, or collections on a Chroma server."""
