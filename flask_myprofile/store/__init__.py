"""Where things are kept, one file a technology. Knows nothing of the web."""
