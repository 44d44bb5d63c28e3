"""News: heard soon when all is well, and never the only way to hear."""

import pytest

from kernel import shortcuts
from kernel.news import headline, listener
from kernel.shortcuts import publish


@pytest.fixture
def wait():
    wait = listener.expect("att_1")
    for _ in range(100):  # The ear opens in a thread of its own.
        if shortcuts.client().pubsub_numsub(listener.channel)[0][1]:
            break
        wait.heard.wait(0.05)
    yield wait
    listener.forget(wait)


def test_news_reach_who_waits_for_them(wait):
    publish(listener.channel, headline("att_2", b"of another"))
    publish(listener.channel, headline("att_1", b"201\n{}"))

    assert wait.heard.wait(5)
    assert wait.message == b"201\n{}"


def test_what_cannot_be_read_does_not_deafen_the_ear(wait):
    publish(listener.channel, b"\xff\xfe not news")

    for _ in range(100):
        publish(listener.channel, headline("att_1", b"201\n{}"))
        if wait.heard.wait(0.1):
            break
    assert wait.message == b"201\n{}"
