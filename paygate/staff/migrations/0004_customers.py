"""Who looks at merchants' customers, who sees what is private of them, and who erases them."""

from django.db import migrations

from paygate.staff.grants import grants

OF = {
    "merchants.see_pii": ("customer", "Can see what is private of a customer"),
    "merchants.erase_customer": ("customer", "Can erase a customer"),
}
LOOK = ["merchants.view_customer"]


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_limits")]

    operations = [
        grants(
            {
                "support": LOOK,
                "support lead": [*LOOK, *OF],
                "risk": [*LOOK, "merchants.see_pii"],
                "auditor": LOOK,
                "administrator": [*LOOK, "merchants.erase_customer"],
            },
            of=OF,
        )
    ]
