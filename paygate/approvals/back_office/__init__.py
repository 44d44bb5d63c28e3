"""The pages of requests and limits."""
