"""Published estimates of several studies taken together."""
