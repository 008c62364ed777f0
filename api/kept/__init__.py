"""What the server keeps of what was asked: conversations, the journal, what people thought of answers."""
