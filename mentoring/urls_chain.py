from django.urls import path

from . import views_chain

urlpatterns = [path("chain/", views_chain.mentoring_chain, name="mentoring_chain")]
