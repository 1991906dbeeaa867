from django.urls import URLPattern, URLResolver, path

from notifications.views import links

app_name = "notifications"

urlpatterns: list[URLPattern | URLResolver] = [
    path("go/<str:token>", links.go, name="go"),
    path("unsubscribe/<str:token>", links.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/undo", links.resubscribe, name="resubscribe"),
]
