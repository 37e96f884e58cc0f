"""Evidence to draft: one module a way of writing answers."""
