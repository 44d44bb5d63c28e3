"""Who sees and changes limits, who approves above them, and who says what became of an unknown."""

from django.db import migrations

from paygate.staff.grants import grants

OF = {
    "approvals.decide_large": ("request", "Can approve sums above every limit"),
    "payments.look_up": ("attempt", "Can ask the PSP what became of an attempt"),
    "payments.decide_unknown": ("attempt", "Can say, with a document, what became of an attempt"),
}
SEES = ["approvals.view_limit"]
UNKNOWN = ["payments.look_up", "payments.decide_unknown"]
LIMITS = ["approvals.add_limit", "approvals.change_limit", "approvals.delete_limit"]


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_logins")]

    operations = [
        grants(
            {
                "support": SEES,
                "support lead": [*SEES, "payments.decide_unknown"],
                "finance": [*SEES, *UNKNOWN],
                "finance lead": [*SEES, *UNKNOWN, "approvals.decide_large"],
                "risk": SEES,
                "auditor": SEES,
                "administrator": [*SEES, *LIMITS],
            },
            of=OF,
        )
    ]
