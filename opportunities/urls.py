from django.urls import URLPattern, URLResolver, path

from opportunities import views

app_name = "opportunities"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.live_board, name="board"),
    path("o/<int:pk>", views.opportunity, name="opportunity"),
    path("o/<int:pk>/<slug:name>-<slug:theme>.<slug:form>", views.picture, name="picture"),
    path("status", views.quality, name="quality"),
]
