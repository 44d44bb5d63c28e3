"""The paths of what merchants see of themselves; below /v1/."""

from django.urls import path

from merchants import api
from merchants.customers import api as customers
from merchants.notices import api as notices
from merchants.notices import events_api as events

urlpatterns = [
    path("customers", customers.Customers.as_view()),
    path("customers/<str:customer>", customers.OneCustomer.as_view()),
    path("payment_methods", api.PaymentMethods.as_view()),
    path("payment_methods/<str:payment_method>", api.OnePaymentMethod.as_view()),
    path("webhook_endpoints", notices.WebhookEndpoints.as_view()),
    path("webhook_endpoints/<str:webhook_endpoint>", notices.OneWebhookEndpoint.as_view()),
    path("webhook_endpoints/<str:webhook_endpoint>/roll_secret", notices.RollSecretOfOne.as_view()),
    path("webhook_endpoints/<str:webhook_endpoint>/test", notices.TestOne.as_view()),
    path("webhook_endpoints/<str:webhook_endpoint>/redeliver", notices.RedeliverToOne.as_view()),
    path("events", events.Events.as_view()),
    path("events/<str:event>", events.OneEvent.as_view()),
    path("events/<str:event>/redeliver", events.RedeliverEvent.as_view()),
    path("account", api.Account.as_view()),
]
