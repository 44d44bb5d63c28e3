"""Times in the back office: to the second, in UTC, and so that they sort as they are read."""

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = "Y-m-d"
