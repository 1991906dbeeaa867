from django.urls import URLPattern, URLResolver, path

from notifications.views import addresses, alerts, bot, channels, links, push, received

app_name = "notifications"

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/alerts/", alerts.alerts, name="alerts"),
    path("account/alerts/add", alerts.add, name="add_alert"),
    path("account/alerts/<int:pk>", alerts.change, name="change_alert"),
    path("account/alerts/<int:pk>/delete", alerts.delete, name="delete_alert"),
    path("account/alerts/<int:pk>/<str:way>", alerts.switch, name="switch_alert"),
    path("account/channels/", channels.channels, name="channels"),
    path("account/channels/push/on", push.subscribe, name="push_on"),
    path("account/channels/push/off", push.unsubscribe, name="push_off"),
    path("account/channels/<int:pk>/proof", addresses.prove, name="prove"),
    path("account/channels/<int:pk>/proof/send", addresses.send_proof, name="send_proof"),
    path("account/channels/<int:pk>/enable", addresses.enable, name="enable_address"),
    path("account/channels/<int:pk>/remove", addresses.remove, name="remove_address"),
    path("account/channels/<int:pk>/log", addresses.webhook, name="webhook"),
    path("account/channels/<int:pk>/secret", addresses.new_secret, name="new_secret"),
    path("account/channels/<str:name>/add", channels.add, name="add_address"),
    path("account/channels/<str:name>/<str:deed>", channels.act, name="act_on_channel"),
    path("account/messages/", received.messages, name="messages"),
    path("confirm", addresses.prove_by_link, name="prove_by_link"),
    path("go/<str:token>", links.go, name="go"),
    path("push-worker.js", push.worker, name="push_worker"),
    path(bot.ADDRESS, bot.webhook, name="bot_webhook"),
    path("unsubscribe/<str:token>", links.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/undo", links.resubscribe, name="resubscribe"),
]
