"""The console's site: Unfold's, entered in two steps."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # Unfold has no types
    """Staff get in with a name, a password and a code of their second factor (STAFF_TOTP)."""

    def has_permission(self, request: HttpRequest) -> bool:
        from accounts import second_factor

        return bool(super().has_permission(request)) and second_factor.passed(request)

    def get_urls(self) -> list[URLPattern]:
        from accounts import console_factor

        own: list[URLPattern] = [
            path("second-factor/", self.admin_view(console_factor.own), name="second_factor"),
            path("second-factor/code/", console_factor.code, name="second_factor_code"),
            path("second-factor/new/", console_factor.enrol, name="second_factor_new"),
        ]
        return own + list(super().get_urls())

    @method_decorator(never_cache)
    @method_decorator(sensitive_post_parameters())
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        from accounts.console_login import ConsoleLogin

        if request.method == "GET" and self.has_permission(request):
            return ConsoleLogin.inside()
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "next": request.POST.get("next") or request.GET.get("next") or reverse("admin:index"),
            **(extra_context or {}),
        }
        request.current_app = self.name
        return ConsoleLogin.as_view(extra_context=context)(request)

    def page(
        self, request: HttpRequest, template: str, status: int, **context: Any
    ) -> HttpResponse:
        """Renders one of the pages around the log-in in the console's frame."""
        return TemplateResponse(
            request, template, {**self.each_context(request), **context}, status=status
        )
