"""Our bank's channel: files of payments go in, reports come out."""
