"""Times in the back office: to the second, in UTC, and so that they sort as they are read."""

DATETIME_FORMAT = r"Y-m-d H:i:s \U\T\C"
DATE_FORMAT = "Y-m-d"
