"""The dispute desk: where we answer for merchants what they otherwise answer by the API, by the same verbs."""
