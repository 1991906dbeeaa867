from django.urls import URLPattern, URLResolver, path

from accounts.views import (
    account,
    affiliate,
    invitations,
    keys,
    login,
    preferences,
    sessions,
    tokens,
)

app_name = "accounts"

urlpatterns: list[URLPattern | URLResolver] = [
    path("login", login.login, name="login"),
    path("login/link", login.link, name="link"),
    path("login/telegram/<str:state>", login.telegram, name="telegram"),
    path("login/code", login.code, name="code"),
    path("logout", login.logout, name="logout"),
    path("account", account.overview, name="account"),
    path("account/profile", account.profile, name="profile"),
    path("account/sessions", sessions.sessions, name="sessions"),
    path("account/sessions/others/end", sessions.end_others, name="end_others"),
    path("account/sessions/<int:pk>/end", sessions.end, name="end_session"),
    path("account/keys", keys.keys, name="keys"),
    path("account/keys/exchange", keys.add_exchange, name="add_exchange_key"),
    path("account/keys/ai", keys.add_ai, name="add_ai_key"),
    path("account/keys/<int:pk>/label", keys.relabel, name="relabel_key"),
    path("account/keys/<int:pk>/<str:deed>", keys.act, name="act_on_key"),
    path("account/tokens", tokens.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke", tokens.revoke, name="revoke_token"),
    path("account/preferences", preferences.preferences, name="preferences"),
    path("account/preferences/reset", preferences.reset, name="reset_preferences"),
    path("account/preferences/undo", preferences.undo, name="undo_preset"),
    path("account/preferences/preset/<str:name>", preferences.preset, name="preset"),
    path("account/invitations", invitations.invitations, name="invitations"),
    path("account/invitations/make", invitations.make_code, name="make_code"),
    path("account/invitations/<int:pk>/revoke", invitations.revoke_code, name="revoke_code"),
    path("account/invitations/code", invitations.edit_code, name="edit_referral_code"),
    path("account/affiliate", affiliate.affiliate, name="affiliate"),
    path("account/invitations/redeem", invitations.redeem, name="redeem"),
]
