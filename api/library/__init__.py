"""The documents as they are listed, shown, uploaded and indexed over HTTP."""
