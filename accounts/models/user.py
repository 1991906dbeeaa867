from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who may log in. Tier, role and preferences join in later migrations."""

    class Meta(AbstractUser.Meta):
        db_table = "accounts_user"
