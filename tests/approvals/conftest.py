"""People of each role, and something that can be asked for."""

import pytest
from django.contrib.auth.models import Group, User

ROLES = {"sam": "support", "lena": "support lead", "grace": "finance lead", "ada": "finance"}


@pytest.fixture
def people(db):
    """{"sam": …}: one of each role, and a second one of support."""
    made = {}
    for login, role in {**ROLES, "sue": "support", "gwen": "finance lead"}.items():
        user = User.objects.create_user(login, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        made[login] = User.objects.get(pk=user.pk)  # Without what it remembers of its rights.
    return made
