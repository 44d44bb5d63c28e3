"""The back office as a whole: what the sidebar shows, how everything is found, and the dashboard."""
