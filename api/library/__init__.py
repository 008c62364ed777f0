"""The documents over HTTP: list, show, upload and index them."""
