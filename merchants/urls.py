"""The paths of what merchants see of themselves; below /v1/."""

urlpatterns: list[object] = []
