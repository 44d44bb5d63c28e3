"""People of the demo at the back office's own pages, each with a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests

from stack.up import Stack


class Refused(Exception):
    """A page said no; the message is what it said."""


class People:
    """They log in when they are first needed."""

    def __init__(self, stack: Stack) -> None:
        self._admin = stack.addresses["admin"].rstrip("/")
        self._passwords = {login["user"]: login["password"] for login in stack.logins}
        self._browsers: dict[str, requests.Session] = {}

    def read(self, who: str, path: str, **query: str) -> requests.Response:
        """A page, as that person sees it, wherever its address leads."""
        return self._in(
            who,
            lambda browser: browser.get(f"{self._admin}/{path}", params=query, timeout=30),
        )

    def send(
        self, who: str, path: str, form: dict[str, Any], files: dict[str, Any] | None = None
    ) -> requests.Response:
        """Post a form; the page that comes back."""
        return self._in(who, lambda browser: self._post(browser, path, form, files))

    def fill_in(
        self,
        who: str,
        path: str,
        given: dict[str, Any],
        *,
        hidden: tuple[str, ...],
        files: dict[str, Any] | None = None,
    ) -> requests.Response:
        """Post a form as the page's own does: with what it hides beside what is given."""
        shown = self.read(who, path).text
        return self.send(who, path, {**{name: hid(shown, name) for name in hidden}, **given}, files)

    def _in(
        self, who: str, ask: Callable[[requests.Session], requests.Response]
    ) -> requests.Response:
        """Asked by somebody who is logged in; once more, where days have passed and nobody is any longer."""
        if who not in self._browsers:
            self._browsers[who] = self._log_in(who)
        reply = ask(self._browsers[who])
        if _asks_who(reply):
            self._browsers[who] = self._log_in(who)
            reply = ask(self._browsers[who])
        reply.raise_for_status()
        return reply

    def _log_in(self, who: str) -> requests.Session:
        browser = requests.Session()
        browser.get(f"{self._admin}/login/", timeout=30).raise_for_status()
        login = {"username": who, "password": self._passwords[who], "next": "/admin/"}
        reply = self._post(browser, "login/", login, None)
        reply.raise_for_status()
        if _asks_who(reply):
            raise Refused(f"{who} cannot log in")
        return browser

    def _post(
        self,
        browser: requests.Session,
        path: str,
        form: dict[str, Any],
        files: dict[str, Any] | None,
    ) -> requests.Response:
        token = browser.cookies["csrftoken"]
        return browser.post(
            f"{self._admin}/{path}",
            data={**form, "csrfmiddlewaretoken": token},
            files=files,
            timeout=60,
        )


def _asks_who(reply: requests.Response) -> bool:
    """Is it the page on which one logs in?"""
    return urlsplit(reply.url).path.rstrip("/").endswith("/login")


def hid(page: str, name: str) -> str:
    """What a page hides in its form under that name; "" for nothing."""
    for tag in re.findall(r"<input[^>]*>", page):
        if f'name="{name}"' in tag:
            value = re.search(r'value="([^"]*)"', tag)
            return unescape(value[1]) if value else ""
    return ""


def complaints_of(page: str) -> str:
    """What a form complains of."""
    said = re.findall(
        r'class="[^"]*errorlist[^"]*".*?</ul>|class="[^"]*text-red[^"]*"[^>]*>([^<]+)', page
    )
    return "; ".join(filter(None, said)) or "the page says no"
