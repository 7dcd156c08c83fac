from django.urls import URLPattern, path

from . import views_outlook, views_process

urlpatterns: list[URLPattern] = [
    path("outlook/", views_outlook.outlook_page, name="outlook"),
    path("<int:pk>/outlook/", views_outlook.person_outlook, name="person_outlook"),
    path("<int:pk>/process/", views_process.process, name="process"),
    path("<int:pk>/process/undo/", views_process.process_undo, name="process_undo"),
    path("<int:pk>/process/<int:number>/", views_process.process_step, name="process_step"),
]
