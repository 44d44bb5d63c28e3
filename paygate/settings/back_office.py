"""How the back office looks, and what is in its sidebar (django-unfold's settings)."""

from typing import Any

from django.templatetags.static import static

from paygate.settings.env import env

# What tells a stage from the real thing, at the top of each page: "Demo", "Test"; "" in production.
BACK_OFFICE_LABEL = env.str("BACK_OFFICE_LABEL", default="")


def _file(name: str) -> Any:
    """A static file's address, asked for when a page is made: then there are settings to ask."""
    return lambda request: static(name)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "paygate",
    "SITE_HEADER": "paygate",
    "SITE_SUBHEADER": "Back office",
    "SITE_URL": None,  # There is no other site to view.
    "SITE_ICON": {"light": _file("console/mark.svg"), "dark": _file("console/mark-dark.svg")},
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "sizes": "any",
            "type": "image/svg+xml",
            "href": _file("console/mark.svg"),
        }
    ],
    "ENVIRONMENT": "paygate.console.navigation.environment",
    "DASHBOARD_CALLBACK": "paygate.console.dashboard.page.dashboard",
    "SHOW_HISTORY": False,  # Who did what is in the audit log.
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "STYLES": [_file("console/console.css")],
    "SCRIPTS": [_file("console/search.js")],
    "COMMAND": {"search_models": False, "show_history": False},
    "ACCOUNT": {"navigation": "paygate.console.navigation.account_links"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": True,
        "navigation": "paygate.console.navigation.navigation",
    },
    # A calm teal. White on 600 and on 700 is 5.0 and 7.1 to 1, 600 on white 5.0, 500 on the dark base 6.6: WCAG AA.
    "COLORS": {
        "primary": {
            "50": "oklch(97.8% .014 195)",
            "100": "oklch(94.6% .032 195)",
            "200": "oklch(89.4% .058 196)",
            "300": "oklch(82.2% .086 198)",
            "400": "oklch(74.5% .103 201)",
            "500": "oklch(66.5% .106 205)",
            "600": "oklch(53% .09 210)",
            "700": "oklch(45.5% .078 213)",
            "800": "oklch(39% .066 215)",
            "900": "oklch(33.5% .055 217)",
            "950": "oklch(25% .042 220)",
        },
    },
}

# Rows to which one act may be done at once, and rows of one CSV file.
BACK_OFFICE_BULK_MOST = 200
BACK_OFFICE_EXPORT_MOST = 50_000
