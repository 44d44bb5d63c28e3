"""How the back office looks, and what is in its sidebar (django-unfold's settings)."""

UNFOLD = {"SITE_TITLE": "paygate", "SITE_HEADER": "paygate"}
# Rows to which one act may be done at once, and rows of one CSV file.
BACK_OFFICE_BULK_MOST = 200
BACK_OFFICE_EXPORT_MOST = 50_000
