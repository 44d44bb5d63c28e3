"""Who sees the dashboard's figures: all who look at payments."""

from django.db import migrations

from paygate.staff.grants import grants

ROLES = (
    *("support", "support lead", "finance", "finance lead"),
    *("risk", "auditor", "administrator"),
)


class Migration(migrations.Migration):
    dependencies = [("staff", "0004_customers")]

    operations = [
        grants(
            {role: ["console.view_dashboard"] for role in ROLES},
            of={"console.view_dashboard": ("figure", "Can see the dashboard's figures")},
        )
    ]
