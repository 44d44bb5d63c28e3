"""How the back office looks, and what is in its sidebar (django-unfold's settings)."""

UNFOLD = {"SITE_TITLE": "paygate", "SITE_HEADER": "paygate"}
