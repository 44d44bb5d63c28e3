"""The paths of what merchants read of their money; below /v1/."""

from django.urls import path

from merchants.funds import api

urlpatterns = [
    path("balance", api.BalanceNow.as_view()),
    path("balance_transactions", api.BalanceTransactions.as_view()),
    path("balance_transactions/<str:balance_transaction>", api.OneBalanceTransaction.as_view()),
    path("statements", api.Statements.as_view()),
    path("statements/<str:statement>", api.OneStatement.as_view()),
]
