"""What browsers are told about our pages; and that no page needs what they are told not to do."""

import re
from html.parser import HTMLParser

import pytest

from paygate.staff.headers import BACK_OFFICE

from .pages import addresses

pytestmark = pytest.mark.django_db


def policy(answer):
    said = answer.headers["Content-Security-Policy"].split("; ")
    return {one.partition(" ")[0]: one.partition(" ")[2] for one in said}


def test_the_back_office_runs_its_own_scripts_alone_and_is_in_nobodys_frame(browser):
    answer = browser.get("/admin/login/")
    said = policy(answer)

    assert said == BACK_OFFICE
    assert said["script-src"] == "'self' 'unsafe-eval'"
    assert (said["frame-ancestors"], said["object-src"], said["base-uri"]) == ("'none'",) * 3
    assert said["form-action"] == "'self'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_page_that_says_no_says_it_too(log_in):
    browser = log_in()
    for path in ("/admin/no/such", "/admin/account/remove/x/"):
        assert policy(browser.get(path)) == BACK_OFFICE


def test_the_documentation_runs_no_script_within_the_page(client):
    answer = client.get("/docs")
    assert policy(answer)["script-src"] == "'self'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not faults(answer.content.decode())
    (script,) = re.findall(r'src="(/docs\?script[^"]*)"', answer.content.decode())
    assert "SwaggerUIBundle" in client.get(script).content.decode()


def test_the_api_is_not_slowed_down_by_it(client):
    assert "Content-Security-Policy" not in client.get("/v1/payments").headers


class Faults(HTMLParser):
    """What the policy forbids."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inline = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        runs = given.get("type") in (None, "", "module", "text/javascript")
        self.inline = tag == "script" and "src" not in given and runs
        for name, value in attrs:
            if re.fullmatch(r"on[a-z]+", name):
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "src", "action") and (value or "").strip().startswith(
                "javascript:"
            ):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "src" and re.match(r"(https?:)?//", value or ""):
                self.found.append(f"<{tag} src={value}>")

    def handle_data(self, data):
        if self.inline and data.strip():
            self.found.append(f"<script>{data.strip()[:40]}")
        self.inline = False


def faults(page):
    reader = Faults()
    reader.feed(page)
    return reader.found


def test_no_page_has_a_script_within_it_or_a_handler(log_in):
    """Every page that opens to a superuser, as far as it opens without rows; the rows' own are crawled in a browser."""
    browser = log_in()
    browser.raise_request_exception = False
    guilty, seen = {}, 0
    for path in addresses():
        if path.startswith("/admin/logout"):
            continue
        answer = browser.get(path, follow=True)
        assert answer.status_code < 500, path
        if answer.status_code in (200, 404) and "text/html" in answer.headers.get(
            "Content-Type", ""
        ):
            seen += 1
            if found := faults(answer.content.decode()):
                guilty[path] = found
    assert seen > 50
    assert not guilty


def test_pages_on_the_way_in_have_none_either(browser, ada):
    for path in ("/admin/login/", "/admin/account/enrol/", "/admin/account/enrol/app/"):
        assert not faults(browser.get(path).content.decode())
        browser.password("ada")


def test_cookies_are_not_for_scripts_nor_for_other_sites(browser, ada):
    browser.get("/admin/login/")
    browser.password("ada")
    session, token = browser.cookies["sessionid"], browser.cookies["csrftoken"]
    assert session["httponly"]
    assert token["httponly"]
    assert (session["samesite"], token["samesite"]) == ("Lax", "Strict")
    assert session["max-age"] == ""  # It goes with the browser.


def test_in_production_they_are_for_this_host_over_https_alone(root):
    import subprocess
    import sys

    from tests.settings.test_production import GIVEN

    asked = (
        "from paygate.settings.production import *;"
        "print(SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, STAFF_SECOND_FACTOR)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=root,
        env={**GIVEN, "STAFF_SECOND_FACTOR": "False"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True", "True"]


def test_a_file_keeps_the_stricter_policy_of_its_own():
    from django.http import HttpResponse
    from django.test import RequestFactory

    from kernel.back_office import PRIVATE
    from paygate.staff.headers import PageHeaders

    answer = PageHeaders(lambda _: HttpResponse(headers=PRIVATE))(RequestFactory().get("/admin/"))
    assert answer.headers["Content-Security-Policy"] == PRIVATE["Content-Security-Policy"]
