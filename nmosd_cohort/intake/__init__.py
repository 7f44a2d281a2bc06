"""A registry's own files become checked tables, with every problem listed and every record counted."""
