"""GET /v1/disputes and the object: pages, filters, scopes, and what the document says of it."""

from datetime import timedelta

import pytest

from disputes.models import Dispute
from disputes.shapes import DisputeShape
from kernel.clock import now
from merchants.keys import make
from merchants.models import ApiKey
from paygate.psp.cases import Reason
from tests.conftest import Api
from tests.disputes.conftest import DUE, reinstated, withdrawn

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(case):
    cases = [case(), case("adyen"), case("braintree"), case(), case(currency="EUR")]
    cases[0].heard("needs_response", withdrawn("a"))
    cases[1].heard("under_review", stage="inquiry")
    cases[2].heard("won", withdrawn("b"), reinstated("c"), reason=Reason.DUPLICATE)
    cases[3].heard("lost", withdrawn("d"), stage="pre_arbitration")
    cases[4].heard("needs_response", evidence_due_by=DUE + timedelta(days=30))
    return cases


def names(reply):
    assert reply.status_code == 200, reply.json()
    return [dispute["psp_reference"] for dispute in reply.json()["data"]]


def test_the_newest_come_first(api, five):
    page = api.get("disputes").json()

    assert [one["psp_reference"] for one in page["data"]] == [one.name for one in reversed(five)]
    assert (page["object"], page["has_more"], page["url"]) == ("list", False, "/v1/disputes")


def test_pages_follow_each_other(api, five):
    first = api.get("disputes", {"limit": 2}).json()
    second = api.get("disputes", {"limit": 2, "starting_after": first["data"][-1]["id"]})

    assert first["has_more"]
    assert names(second) == ["case_3", "case_2"]


@pytest.mark.parametrize(
    "query, found",
    [
        ({"status": "needs_response"}, [5, 1]),
        ({"status": "won"}, [3]),
        ({"stage": "inquiry"}, [2]),
        ({"stage": "pre_arbitration", "status": "lost"}, [4]),
        ({"reason": "duplicate"}, [3]),
        ({"psp": "stripe"}, [5, 4, 1]),
        ({"currency": "EUR"}, [5]),
        ({"psp_reference": "case_2"}, [2]),
        ({"created[gte]": "2020-01-01T00:00:00Z"}, [5, 4, 3, 2, 1]),
        ({"created[lt]": "2020-01-01T00:00:00Z"}, []),
        ({"evidence_due_by[lt]": (DUE + timedelta(days=1)).isoformat()}, [1]),
        ({"evidence_due_by[gte]": str(int((DUE + timedelta(days=1)).timestamp()))}, [5]),
    ],
)
def test_filters(api, five, query, found):
    assert names(api.get("disputes", query)) == [f"case_{number}" for number in found]


def test_those_of_one_payment(api, five):
    assert names(api.get("disputes", {"payment": five[2].payment["id"]})) == ["case_3"]


@pytest.mark.parametrize(
    "query, param",
    [
        ({"status": "open"}, "status"),
        ({"stage": "arbitration"}, "stage"),
        ({"reason": "unhappy"}, "reason"),
        ({"payment": "re_1"}, "payment"),
        ({"evidence_due_by[gte]": "soon"}, "evidence_due_by[gte]"),
        ({"evidence_due_by": "2026-01-01"}, "evidence_due_by"),
        ({"metadata[order]": "1"}, "metadata[order]"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(api, query, param):
    reply = api.get("disputes", query)

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_a_page_costs_the_same_few_queries_however_long_it_is(api, five, django_assert_num_queries):
    with django_assert_num_queries(6):
        api.get("disputes", {"limit": 5})
    with django_assert_num_queries(6):
        api.get("disputes", {"limit": 1})


def test_the_object_says_what_a_developer_wants_to_know(api, case):
    one = case()
    dispute = one.heard("needs_response", withdrawn("txn_1"))

    shown = api.get(f"disputes/{dispute.public_id}").json()

    assert shown == {
        "id": dispute.public_id,
        "object": "dispute",
        "livemode": False,
        "status": "needs_response",
        "stage": "chargeback",
        "payment": one.payment["id"],
        "psp": "stripe",
        "psp_reference": one.name,
        "amount": 1000,
        "amount_withdrawn": 1000,
        "amount_reinstated": 0,
        "fee": 1500,
        "currency": "USD",
        "reason": "fraudulent",
        "reason_code": "10.4",
        "evidence_due_by": "2026-12-07T12:00:00.000Z",
        "past_due": now() > DUE,
        "evidence": {"texts": {}, "files": []},
        "win_estimate": None,
        "movements": [
            {
                "psp_reference": "txn_1",
                "direction": "withdrawn",
                "amount": 1000,
                "currency": "USD",
                "said_at": "2026-11-23T12:00:00.000Z",
            }
        ],
        "action": None,
        "available_actions": ["evidence", "accept"],
        "sequence": 2,
        "opened_at": "2026-11-23T12:00:00.000Z",
        "submitted_at": None,
        "closed_at": None,
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
    }


def test_what_is_won_costs_nothing(api, case):
    one = case()
    dispute = one.heard("won", withdrawn("a"), reinstated("b"))

    shown = api.get(f"disputes/{dispute.public_id}").json()

    assert (shown["fee"], shown["amount_reinstated"], shown["win_estimate"]) == (0, 1000, None)


def test_evidence_that_is_late_is_past_due(api, case):
    one = case()
    dispute = one.heard("needs_response", evidence_due_by=now() - timedelta(seconds=1))
    assert api.get(f"disputes/{dispute.public_id}").json()["past_due"]

    one.heard("lost", hours=1)
    assert not api.get(f"disputes/{dispute.public_id}").json()["past_due"]


def test_the_documented_dispute_is_the_rendered_dispute(api, case, puppet):
    case().heard("won")
    dispute = case().heard("needs_response", withdrawn("a"))
    path = f"disputes/{dispute.public_id}"
    api.post(f"{path}/evidence", {"explanation": "x"})
    shown = api.post(f"{path}/submit").json()

    shape = DisputeShape().fields
    assert set(shape) == set(shown)
    assert set(shape["movements"].child.fields) == set(shown["movements"][0])
    assert set(shape["win_estimate"].fields) == set(shown["win_estimate"])
    assert set(shape["action"].fields) == set(shown["action"])
    assert set(shape["evidence"].fields) == set(shown["evidence"])


def test_the_document_names_what_exists(client):
    document = client.get("/v1/openapi.json").json()

    assert {
        "/v1/disputes",
        "/v1/disputes/{dispute}",
        "/v1/disputes/{dispute}/evidence",
        "/v1/disputes/{dispute}/submit",
        "/v1/disputes/{dispute}/accept",
    } <= set(document["paths"])
    body = document["paths"]["/v1/disputes/{dispute}/evidence"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}


# ------------------------------------------------------------------------------------------ whose


@pytest.mark.parametrize("action", ["", "/evidence", "/submit", "/accept"])
def test_another_merchant_sees_and_does_nothing(case, client_for, another_merchant, action, puppet):
    dispute = case().heard("needs_response", withdrawn("a"))
    other = client_for(another_merchant)
    path = f"disputes/{dispute.public_id}{action}"

    reply = other.post(path, {"explanation": "x"} if "ev" in action else {}) if action else None
    reply = reply if action else other.get(path)

    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "resource_missing")
    assert names(other.get("disputes")) == []
    assert not puppet.asked


def test_live_mode_sees_nothing_of_test_mode(case, merchant, simulators):
    dispute = case().heard("needs_response")
    live = Api(make(merchant.merchant.id, livemode=True, at=now()).secret)

    assert names(live.get("disputes")) == []
    assert live.get(f"disputes/{dispute.public_id}").status_code == 404


@pytest.mark.parametrize("id_", ["dp_nothing", "pay_01k9", "x", "dp_" + "0" * 26])
def test_what_is_no_dispute_is_missing(api, id_):
    assert api.get(f"disputes/{id_}").status_code == 404
    assert api.post(f"disputes/{id_}/accept").status_code == 404


def test_a_restricted_key_reads_or_writes_as_its_scopes_say(case, merchant, puppet):
    dispute = case().heard("needs_response")

    def client(*scopes):
        made = make(
            merchant.merchant.id,
            livemode=False,
            at=now(),
            kind=ApiKey.Kind.RESTRICTED,
            scopes=scopes,
        )
        return Api(made.secret)

    path = f"disputes/{dispute.public_id}"
    assert client("disputes:read").get(path).status_code == 200
    assert client("disputes:read").post(f"{path}/accept").status_code == 403
    assert client("payments:read").get(path).status_code == 403
    assert client("disputes:write").get(path).status_code == 403
    assert client("disputes:write").post(f"{path}/accept").status_code == 200
    assert Dispute.objects.get().status == "lost"
