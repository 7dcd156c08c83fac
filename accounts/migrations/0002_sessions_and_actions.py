from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sessions_ended_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("sign_in", "signed in"),
                    ("sign_in_failed", "sign-in failed"),
                    ("sign_out", "signed out"),
                    ("locked_out", "locked out"),
                    ("password_changed", "changed the password"),
                    ("activated", "opened the account"),
                    ("codes_issued", "issued activation codes"),
                    ("reset", "reset the account"),
                    ("closed", "closed the account"),
                    ("reopened", "reopened the account"),
                    ("sessions_ended", "ended other sessions"),
                    ("imported", "imported"),
                    ("exported", "exported"),
                    ("read_sensitive", "read sensitive data"),
                    ("appointed", "appointed"),
                    ("set_up", "changed the set-up"),
                ],
                max_length=30,
                verbose_name="action",
            ),
        ),
    ]
