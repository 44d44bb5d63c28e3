"""A person gives a list a name and finds it again; shared, others find it as well."""

import pytest

from kernel.lists.models import SavedList, in_order
from tests.lists.conftest import ENDPOINTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("endpoints")]

SAVED = f"{ENDPOINTS}saved/"
QUERY = "q=127.0.0.1&status__exact=disabled&o=4"


def saved(client, query=""):
    page = client.get(f"{ENDPOINTS}?{query}")
    return {one["name"]: one["active"] for one in page.context["saved_lists"]}


def save(client, name="Out of order", query=QUERY, **more):
    return client.post(SAVED, {"name": name, "query": query} | more)


def test_a_list_is_found_again_as_it_was_filtered_sought_and_sorted(lena):
    reply = save(lena)

    assert reply["Location"] == f"{ENDPOINTS}?{in_order(QUERY)}"
    page = lena.get(reply["Location"])
    assert page.context["cl"].result_count == 1
    assert 'aria-current="page"' in page.text
    assert saved(lena) == {"Out of order": False}
    assert saved(lena, f"{QUERY}&p=1") == {"Out of order": True}


def test_only_what_is_shared_is_seen_by_others(lena, login):
    sam = login("sam", "support")
    save(lena, "mine")
    save(lena, "ours", shared="on")

    assert saved(sam) == {"ours": False}
    assert "Shared by lena" in sam.get(ENDPOINTS).text
    assert "Forget" not in sam.get(f"{ENDPOINTS}?{QUERY}").text


def test_nobody_forgets_anothers(lena, login):
    sam = login("sam", "support")
    save(lena, shared="on")
    which = SavedList.objects.get().id

    sam.post(SAVED, {"forget": str(which)})
    assert saved(lena) == {"Out of order": False}
    lena.post(SAVED, {"forget": "nothing"})
    lena.post(SAVED, {"forget": str(which)})
    assert saved(lena) == {}


def test_the_same_name_takes_the_place_of_the_older_one(lena):
    save(lena)
    save(lena, query="status__exact=enabled")

    assert SavedList.objects.get().query == "status__exact=enabled"


@pytest.mark.parametrize("name", ["", "  ", "x" * 41])
def test_a_list_has_a_name(lena, name):
    save(lena, name)
    assert not SavedList.objects.exists()


def test_who_does_not_see_the_page_saves_nothing(login):
    ada = login("ada", "finance")
    assert save(ada).status_code == 403
    assert not SavedList.objects.exists()


def test_looking_saves_nothing(lena):
    assert lena.get(SAVED).status_code == 405


def test_an_address_elsewhere_is_no_list(lena):
    reply = save(lena, query="//evil.example/?x=1&next=https://evil.example")
    assert reply["Location"].startswith(f"{ENDPOINTS}?")


def test_what_a_page_does_not_filter_by_is_as_if_it_were_typed(lena):
    save(lena, query="secret__startswith=a")
    assert lena.get(ENDPOINTS).status_code == 200
    assert lena.get(f"{ENDPOINTS}?secret__startswith=a").status_code == 400


def test_a_list_found_by_a_persons_address_is_not_saved(lena):
    """Nobody would erase the address from it."""
    page = "/admin/merchants/customer/"
    given = {"name": "Ada", "query": "q=ada%40example.com"}
    reply = lena.post(f"{page}saved/", given, follow=True)

    assert "e-mail address" in reply.text
    assert not SavedList.objects.exists()
