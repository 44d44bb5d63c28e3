"""The back office in a browser: what a person sees, clicks and types."""
