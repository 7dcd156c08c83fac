from django.urls import path

from . import views_plan, views_slots, views_spot_checks, views_swaps

urlpatterns = [
    path("lectures/plan/", views_plan.lecture_plan, name="lecture_plan"),
    path("lectures/plan/slot/", views_plan.lecture_plan_slot, name="lecture_plan_slot"),
    path("lectures/plan/new/", views_plan.lecture_plan_new, name="lecture_plan_new"),
    path("lectures/<int:pk>/unplan/", views_plan.lecture_plan_undo, name="lecture_plan_undo"),
    path("lectures/<int:pk>/move/", views_plan.lecture_move, name="lecture_move"),
    path("lectures/<int:pk>/move/back/", views_plan.lecture_move_back, name="lecture_move_back"),
    path("lectures/<int:pk>/give/", views_plan.lecture_give, name="lecture_give"),
    path("lectures/<int:pk>/swap/", views_swaps.lecture_swap, name="lecture_swap"),
    path("lectures/<int:pk>/take-over/", views_swaps.lecture_take_over, name="lecture_take_over"),
    path("lectures/swaps/<int:pk>/", views_swaps.lecture_swap_answer, name="lecture_swap_answer"),
    path("lectures/slots/", views_slots.lecture_slots, name="lecture_slots"),
    path("lectures/slots/<int:pk>/remove/", views_slots.lecture_slot_remove, name="lecture_slot_remove"),
    path("lectures/league/<int:pk>/none/", views_slots.lecture_none, name="lecture_none"),
    path("lectures/none/<int:pk>/back/", views_slots.lecture_none_back, name="lecture_none_back"),
    path("lectures/checks/", views_spot_checks.spot_checks, name="spot_checks"),
    path("lectures/checks/draw/", views_spot_checks.spot_checks_draw, name="spot_checks_draw"),
    path("lectures/checks/<int:pk>/", views_spot_checks.spot_check_answer, name="spot_check_answer"),
    path("lectures/checks/<int:pk>/reopen/", views_spot_checks.spot_check_reopen, name="spot_check_reopen"),
]
