"""What an endpoint gets, and how it knows that it was us: for readers of the OpenAPI document."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema

from merchants.notices.shapes import NewsShape

SENT = """\
Sent by POST to each of your webhook endpoints that subscribed to it: at least once, and of one object in the order of
`sequence`. Answer 2xx within 15 seconds, and do the work afterwards. Anything else is tried again: after 5 seconds, 5
and 30 minutes, 2, 5, 10, 14, 20 and 24 hours. An endpoint that answers 410, or fails throughout those three days, is
disabled.

It is signed as [Standard Webhooks](https://www.standardwebhooks.com) says, for which most languages have a library.
Give that your endpoint's secret, the body as it came, to the byte, and these headers:

- `webhook-id`: the event's id, the same however often it is sent. Keep it, and do nothing the second time.
- `webhook-timestamp`: of this try, in seconds since 1970. Refuse what is older than five minutes.
- `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. The key is
  what follows `whsec_` in your secret, decoded from base64. While a secret is rolled there are two signatures with a
  space between; one that fits is enough.
"""

EVENT = OpenApiWebhook(
    name="event",
    decorator=extend_schema(
        tags=["events"],
        summary="Something happened",
        description=SENT,
        request=NewsShape,
        responses={"2XX": OpenApiResponse(description="It was heard.")},
    ),
)
