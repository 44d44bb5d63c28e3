"""Who looks at the desk of unresolved money: whoever looks at payments."""

from django.db import migrations

from paygate.staff.grants import grants

WHO = ["support", "support lead", "finance", "finance lead", "risk", "auditor", "administrator"]


class Migration(migrations.Migration):
    dependencies = [("staff", "0005_dashboard")]

    operations = [
        grants(
            {role: ["payments.view_unresolved"] for role in WHO},
            called={"payments.unresolved": "unresolved attempt"},
        )
    ]
