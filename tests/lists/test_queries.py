"""A list asks the database as often for 25 rows as for one, and not often."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.lists.rows import MAKERS

pytestmark = pytest.mark.django_db

ROWS = 25
MOST = 10  # With what stands around the list: the session, the saved lists, the sidebar's queues.


def asked_for(client, page):
    with CaptureQueriesContext(connection) as asked:
        reply = client.get(page)
    assert reply.status_code == 200
    return reply.text, [one["sql"] for one in asked]


@pytest.mark.parametrize("label", sorted(MAKERS))
def test_a_list_is_read_by_few_questions_however_many_rows(label):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    page = reverse(f"admin:{label.replace('.', '_')}_changelist")
    MAKERS[label]()
    client.get(page)
    few, first = asked_for(client, page)
    for _ in range(ROWS - 1):
        MAKERS[label]()

    many, then = asked_for(client, page)

    assert len(many) > len(few)
    assert len(then) <= len(first), "\n".join(sorted(then))
    assert len(then) <= MOST, "\n".join(sorted(then))
