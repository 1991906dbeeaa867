from django.apps import AppConfig

from arbedge import console


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        console.link(
            "People", "Users", "admin:accounts_user_changelist", "person", "accounts.view_user"
        )
        console.link("People", "Groups", "admin:auth_group_changelist", "group", "auth.view_group")
