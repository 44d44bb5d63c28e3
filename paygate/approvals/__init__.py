"""What one person may not do alone: limits, and requests that a second person approves or rejects."""
