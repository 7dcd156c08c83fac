"""A class answers about its guide, without names. This address leaves no line in the request log."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members.models import Person
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done, say_refused

from . import class_feedback_services as services
from .feedback_page import last_day
from .forms_feedback import AnswerForm
from .models import FeedbackExchange


@require_http_methods(["GET", "POST"])
def feedback_class(request: HttpRequest, pk: int) -> HttpResponse:
    """One sheet of points; 404 for strangers, 403 for who sees the guidance and is not on the roll."""
    scope, now = scope_of(request), timezone.now()
    exchange = services.exchange_of_class(pk, scope)
    if exchange is None:
        if FeedbackExchange.objects.visible_to(scope).filter(pk=pk).exists():
            raise PermissionDenied(_("You are not on the roll of this class."))
        raise Http404
    has_answered = services.place_on_roll(pk, scope.person_id)
    is_open = exchange.opens_at <= now < exchange.closes_at and exchange.called_off_at is None
    form = AnswerForm(posted(request), questions=services.class_questions())
    context = {
        "exchange": exchange, "form": form, "has_answered": has_answered, "is_open": is_open,
        "last_day": last_day(exchange.closes_at), "may_answer": is_open and not has_answered,
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "evaluations/feedback_class.html", context)
    if not form.is_valid() and context["may_answer"]:
        return render(request, "evaluations/feedback_class.html", context, status=400)
    person = get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=scope.person_id)
    given = {question.id: form.cleaned_data.get(question.field) for question in form.questions}
    try:
        services.answer_class_feedback(exchange=exchange, person=person, given=given, now=now)
    except Refused as refusal:
        if refusal.field in form.fields:
            add_refusal(form, refusal)
            return render(request, "evaluations/feedback_class.html", context, status=400)
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Sent. Nobody can tell which answer is yours."))
    return redirect("feedback_class", pk=pk)
