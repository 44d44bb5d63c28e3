"""What has to be done now and then, by beat's timetable."""
